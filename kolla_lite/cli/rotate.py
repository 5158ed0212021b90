"""kolla-lite rotate."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, output, verbose_option


@click.command(
    "rotate",
    short_help="Renew a service's keyrings; live tokens stay valid.",
    epilog=examples("kolla-lite rotate keystone", "kolla-lite rotate keystone --keyring fernet_keys"),
)
@click.argument("service")
@click.option("--keyring", metavar="NAME", help="Only this keyring; all of the service by default.")
@config_option
@verbose_option
def command(service: str, keyring: str | None, directory: Path, verbose: int) -> None:
    """Make the staged key the primary one, add a new staged key, and bring the keys to every host of the service.

    A key is dropped only when nothing that it sealed can still be valid, however often this is run. Running
    processes pick the keys up: nothing restarts.
    """
    from kolla_lite.deploy.rotate import rotate_service

    names = rotate_service(directory, service, keyring, verbose)
    output().print(f"renewed {', '.join(names)} of {service} on all its hosts")
