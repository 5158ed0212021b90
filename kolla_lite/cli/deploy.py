"""kolla-lite deploy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kolla_lite.cli.common import (
    config_option,
    consent,
    examples,
    json_option,
    output,
    print_json,
    selection_options,
    verbose_option,
    yes_option,
)
from kolla_lite.errors import EXIT_CHANGES_PENDING, EXIT_DONE, UserError

if TYPE_CHECKING:
    from kolla_lite.deploy.run import Outcome


@click.command(
    "deploy",
    short_help="Bring the hosts to what the configuration says.",
    epilog=examples(
        "kolla-lite deploy",
        "kolla-lite deploy keystone haproxy     only these services",
        "kolla-lite deploy --limit ctl2         only this host",
        "kolla-lite deploy --dry-run            what would change, and why",
        "kolla-lite deploy --resume            go on with the run that failed or was killed",
        "kolla-lite deploy --plan change.json   exactly what `plan --out change.json` showed",
        "kolla-lite deploy --yes                remove services that are off without asking",
    ),
)
@selection_options
@click.option("--dry-run", is_flag=True, help="Change nothing; as `kolla-lite plan`.")
@click.option(
    "--plan",
    "expected",
    metavar="FILE",
    type=click.Path(path_type=Path, resolve_path=True, exists=True, dir_okay=False),
    help="Do exactly what this plan says; refuse when files or hosts have changed since it was made.",
)
@click.option("--resume", is_flag=True, help="Go on with the last unfinished run: its services, its hosts, its inputs.")
@yes_option
@config_option
@json_option
@verbose_option
def command(
    services: tuple[str, ...],
    limit: str | None,
    dry_run: bool,
    expected: Path | None,
    resume: bool,
    yes: bool,
    directory: Path,
    as_json: bool,
    verbose: int,
) -> int:
    """Compare every host with what it should hold, then change what differs: files, jobs, containers, catalogue.

    Nothing changes on any host while an input is wrong or a host cannot be reached. Run again after a failure or
    an interruption: what is done is not done again. Before services that are off are removed it asks; without a
    terminal it refuses. Their data stays.
    """
    from kolla_lite.deploy.operations import plan
    from kolla_lite.deploy.report import cautions, plan_text

    if (expected or resume) and (services or limit or dry_run or (expected and resume)):
        what, option = ("a plan", "--plan") if expected else ("the unfinished run", "--resume")
        raise UserError(f"{what} says itself for which services and hosts", hint=f"give {option} and nothing else")
    console = output()
    if dry_run:
        outcome, _planned = plan(directory, services, limit, verbose=verbose)
    else:
        outcome = _deploy(directory, services, limit, resume, as_json, yes, verbose=verbose, expected=expected)
    if as_json:
        report = {"steps": outcome.steps, "warnings": cautions(outcome)}
        print_json({**report, "tasks": outcome.tasks, "seconds": outcome.seconds})
    elif dry_run or not outcome.steps:
        console.print(plan_text(outcome))
    else:
        console.print(f"done: {len(outcome.steps)} changes in {outcome.seconds} s")
    return EXIT_CHANGES_PENDING if dry_run and outcome.steps else EXIT_DONE


def _deploy(
    directory: Path,
    services: Sequence[str],
    limit: str | None,
    resume: bool,
    quiet: bool,
    yes: bool,
    **options: Any,
) -> Outcome:
    from kolla_lite.deploy.operations import deploy
    from kolla_lite.deploy.progress import Progress
    from kolla_lite.deploy.resume import Resumption, unfinished
    from kolla_lite.deploy.run import Observer

    progress = Progress(output(), quiet)
    observe: Observer = progress
    if resume:
        run = unfinished(directory)
        services, limit = run.record["services"], run.record["limit"]
        observe = progress if quiet else Resumption(run, progress.console, progress)

    def attempt(removable: Sequence[str]) -> Outcome:
        with progress:
            return deploy(directory, services, limit, observe=observe, removable=removable, **options)

    return consent(yes)(attempt)
