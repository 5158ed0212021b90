"""kolla-lite exec."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples


@click.command(
    "exec",
    short_help="Run a command in a service's container.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog=examples(
        "kolla-lite exec toolbox openstack token issue",
        "kolla-lite exec --host ctl2 keystone",
        "kolla-lite exec mariadb mariadb",
    ),
)
@click.option("--host", "host_name", metavar="HOST", help="On this host; the first of the service by default.")
@config_option
@click.argument("service")
@click.argument("words", nargs=-1, metavar="[COMMAND]...", type=click.UNPROCESSED)
def command(service: str, words: tuple[str, ...], host_name: str | None, directory: Path) -> None:
    """Run a command in a service's container, a shell by default. SERVICE is a service or a container."""
    from kolla_lite.cloud import load_cloud
    from kolla_lite.deploy.access import become, find_container, on_host

    host, container = find_container(load_cloud(directory), service, host_name)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    docker = ["docker", "exec", "--interactive", *(["--tty"] if terminal else []), container]
    become(on_host(host, [*docker, *(words or ["bash"])], terminal))
