"""kolla-lite init: the operator's files, with generated secrets."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, json_option, print_json, profile_option
from kolla_lite.config import folder
from kolla_lite.service.declaration import Profile


@click.command(
    short_help="Write globals.yml, hosts.yml, passwords.yml and config/.",
    epilog=examples(
        "kolla-lite init",
        "kolla-lite init --config ~/cloud --address 10.0.0.11",
        "kolla-lite init --profile minimal",
        "kolla-lite init --update      after a new release or service: adds its secrets",
    ),
)
@config_option
@json_option
@click.option("--address", metavar="ADDRESS", help="Address of this machine that others reach; 127.0.0.1 by default.")
@profile_option
@click.option("--update", is_flag=True, help="Only add secrets that passwords.yml lacks; nothing else changes.")
def command(directory: Path, as_json: bool, address: str | None, profile: Profile | None, update: bool) -> None:
    """Write globals.yml, hosts.yml, passwords.yml and config/ for a cloud on this machine.

    What exists is never overwritten.
    """
    if update and (address or profile):
        raise click.UsageError("--address and --profile are for a new folder; change hosts.yml and globals.yml")
    if update:
        added = folder.update(directory)
        if as_json:
            print_json({"directory": directory, "added": added})
        else:
            click.echo(f"added to passwords.yml: {', '.join(added)}" if added else "no secret was missing")
        return
    folder.create(directory, address, profile)
    if as_json:
        print_json({"directory": directory, "written": list(folder.FILES)})
        return
    click.echo(f"{directory}:")
    for name, purpose in folder.FILES.items():
        click.echo(f"  {name:<15}{purpose}")
    click.echo("Next: look at them, then `kolla-lite up`.")
