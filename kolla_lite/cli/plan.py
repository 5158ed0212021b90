"""kolla-lite plan."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import (
    config_option,
    examples,
    json_option,
    output,
    print_json,
    selection_options,
    verbose_option,
)
from kolla_lite.errors import EXIT_CHANGES_PENDING, EXIT_DONE


@click.command(
    "plan",
    short_help="What deploy would change, and why.",
    epilog=examples(
        "kolla-lite plan",
        "kolla-lite plan --diff                 with what changes inside configuration files",
        "kolla-lite plan keystone --json",
        "kolla-lite plan --out change.json && kolla-lite deploy --plan change.json",
        "kolla-lite plan && echo nothing to do",
    ),
)
@selection_options
@click.option("--diff", is_flag=True, help="Show what changes inside each configuration file; secrets stay hidden.")
@click.option(
    "--out",
    "target",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the plan for `kolla-lite deploy --plan FILE`.",
)
@config_option
@json_option
@verbose_option
def command(
    services: tuple[str, ...],
    limit: str | None,
    diff: bool,
    target: Path | None,
    directory: Path,
    as_json: bool,
    verbose: int,
) -> int:
    """Compare every host with what it should hold and print each difference with its cause. Changes nothing.

    Each step also says what users of the cloud miss meanwhile. Exit code 0: nothing to do. 3: there are changes.
    """
    from kolla_lite.deploy.operations import plan
    from kolla_lite.deploy.report import cautions, plan_text

    outcome, planned = plan(directory, services, limit, diff=diff, verbose=verbose)
    if target:
        planned.write(target)
    if as_json:
        print_json({**planned.as_dict(), "warnings": cautions(outcome), "seconds": outcome.seconds})
    else:
        output().print(plan_text(outcome))
    return EXIT_CHANGES_PENDING if outcome.steps else EXIT_DONE
