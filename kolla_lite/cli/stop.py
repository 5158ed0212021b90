"""kolla-lite stop."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, output, selection_options, verbose_option


@click.command(
    "stop",
    short_help="Stop containers, until the next start or deploy.",
    epilog=examples("kolla-lite stop", "kolla-lite stop keystone --limit ctl2"),
)
@selection_options
@config_option
@verbose_option
def command(services: tuple[str, ...], limit: str | None, directory: Path, verbose: int) -> None:
    """Stop containers, last started first. They stay stopped, over reboots too, until `start` or `deploy`."""
    from kolla_lite.deploy.operations import stop
    from kolla_lite.deploy.progress import Progress

    with Progress(output()) as progress:
        outcome = stop(directory, services, limit, verbose=verbose, observe=progress)
    stopped = [name for results in outcome.results.values() for result in results for name in result["stopped"]]
    output().print(f"stopped {len(stopped)} containers in {outcome.seconds} s" if stopped else "nothing was running")
