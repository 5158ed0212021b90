"""kolla-lite bootstrap."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, output, verbose_option


@click.command(
    "bootstrap",
    short_help="Prepare hosts: engine, folders, registry.",
    epilog=examples("kolla-lite bootstrap", "kolla-lite bootstrap --limit ctl2"),
)
@click.option("--limit", metavar="PATTERN", help="Only these hosts (an Ansible host pattern).")
@config_option
@verbose_option
def command(limit: str | None, directory: Path, verbose: int) -> None:
    """Have a Docker engine and what else containers need on every host, and let them use the deployed registry.

    Installs from the distribution's archive, keeps what is there, and changes nothing the second time.
    """
    from kolla_lite.deploy.operations import bootstrap
    from kolla_lite.deploy.progress import Progress

    with Progress(output()) as progress:
        outcome = bootstrap(directory, limit, verbose=verbose, observe=progress)
    changed = sum(bool(result.get("changed")) for results in outcome.results.values() for result in results)
    output().print(f"{len(outcome.results)} hosts ready, {changed} changed ({outcome.seconds} s)")
