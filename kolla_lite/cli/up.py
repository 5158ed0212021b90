"""kolla-lite up."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import (
    config_option,
    consent,
    examples,
    output,
    profile_option,
    verbose_option,
    yes_option,
)
from kolla_lite.errors import EXIT_DONE, EXIT_FAILED
from kolla_lite.service.declaration import Profile


@click.command(
    "up",
    short_help="Everything, from an empty machine to a running cloud.",
    epilog=examples(
        "kolla-lite up",
        "kolla-lite up --profile minimal       Keystone alone, in two minutes",
        "kolla-lite up --address 192.0.2.10    reachable from other machines at this address",
        "kolla-lite up --config ~/my-cloud     as its hosts.yml says, on several hosts too",
    ),
)
@click.option(
    "--address", metavar="ADDRESS", help="Address of this machine for a new configuration [default: 127.0.0.1]"
)
@profile_option
@yes_option
@config_option
@verbose_option
def command(address: str | None, profile: Profile | None, yes: bool, directory: Path, verbose: int) -> int:
    """Configuration with generated secrets if there is none, Docker if missing, images, hosts, deploy, clouds.yaml.

    Run again it changes nothing that is as it should be, and goes on where an interrupted run stopped. Before services
    that are off are removed it asks, as `kolla-lite deploy` does.
    """
    from kolla_lite.deploy.up import up

    return EXIT_DONE if up(directory, address, profile, output(), verbose, consent(yes)) else EXIT_FAILED
