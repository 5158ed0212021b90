"""kolla-lite site."""

from __future__ import annotations

import click

from kolla_lite.cli.common import examples


@click.command(
    "site",
    short_help="Print the playbook that deploys every declared service.",
    epilog=examples("kolla-lite site > ansible/site.yml", "kolla-lite site | less"),
)
def command() -> None:
    """Print the playbook of all declared services, in start order: what `deploy` runs, for use with plain Ansible."""
    from kolla_lite.deploy.playbook import render
    from kolla_lite.service.registry import load_services

    click.echo(render(load_services()), nl=False)
