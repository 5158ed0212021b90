"""kolla-lite start."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, output, selection_options, verbose_option


@click.command(
    "start",
    short_help="Start containers that are stopped.",
    epilog=examples("kolla-lite start", "kolla-lite start keystone --limit ctl2"),
)
@selection_options
@config_option
@verbose_option
def command(services: tuple[str, ...], limit: str | None, directory: Path, verbose: int) -> None:
    """Start stopped containers, in start order, and wait until they are healthy. Changes nothing else."""
    from kolla_lite.deploy.operations import deploy
    from kolla_lite.deploy.progress import Progress

    with Progress(output()) as progress:
        outcome = deploy(directory, services, limit, verbose=verbose, observe=progress, only=["start"])
    count = len(outcome.steps)
    output().print(f"started {count} containers in {outcome.seconds} s" if count else "nothing was stopped")
