"""kolla-lite runs."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from kolla_lite.cli.common import config_option, examples, json_option, output, print_json
from kolla_lite.errors import EXIT_DONE, UserError


@click.group(
    "runs",
    invoke_without_command=True,
    short_help="What earlier runs did: list, show, compare, report.",
    epilog=examples(
        "kolla-lite runs",
        "kolla-lite runs show last                        what it did, and why it failed",
        "kolla-lite runs diff 20261124-034512 last        what was different",
        "kolla-lite runs report last --out report.html    a page with a timeline",
    ),
)
@config_option
@json_option
@click.pass_context
def command(context: click.Context, directory: Path, as_json: bool) -> int:
    """List the recorded runs, newest first. Each up, deploy, bootstrap, start, stop, destroy and rotate is recorded.

    RUN is an id as listed, a part of one that no other has, or `last`.
    """
    if context.invoked_subcommand:
        given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
        if given:
            raise UserError(
                "options come after the subcommand", hint=f"kolla-lite runs {context.invoked_subcommand} --help"
            )
        return EXIT_DONE
    from kolla_lite.runs.history import folders, load
    from kolla_lite.runs.history_text import runs_table

    runs = [load(path) for path in reversed(folders(directory))]
    if as_json:
        print_json({"runs": [{"id": run.id, **run.record, "seconds": run.seconds} for run in runs]})
    else:
        output().print(runs_table(runs) if runs else "no run is recorded")
    return EXIT_DONE


@command.command(
    "show", short_help="What a run did, step by step.", epilog=examples("kolla-lite runs show last --json")
)
@click.argument("name", metavar="RUN", default="last")
@config_option
@json_option
def show(name: str, directory: Path, as_json: bool) -> None:
    """Show who began a run and when, each step with its cause and result, output of jobs, and what went wrong."""
    from kolla_lite.runs.history import find
    from kolla_lite.runs.history_text import run_text

    run = find(directory, name)
    if as_json:
        steps = [{**step, "state": state} for step, state in run.progress()]
        record = {"id": run.id, **run.record, "seconds": run.seconds}
        print_json({**record, "steps": steps, "events": list(run.events)})
    else:
        output().print(run_text(run))


@command.command(
    "diff", short_help="How two runs differ.", epilog=examples("kolla-lite runs diff 20261124-034512 last")
)
@click.argument("one", metavar="RUN")
@click.argument("other", metavar="RUN", default="last")
@config_option
@json_option
def diff(one: str, other: str, directory: Path, as_json: bool) -> None:
    """Compare the inputs of two runs, their steps and how far these got, and how they ended."""
    from dataclasses import asdict

    from kolla_lite.runs.history import differences, find
    from kolla_lite.runs.history_text import differences_table

    found = differences(find(directory, one), find(directory, other))
    if as_json:
        print_json({part: [asdict(entry) for entry in entries] for part, entries in found.items()})
    elif any(found.values()):
        output().print(differences_table(found))
    else:
        output().print("no difference but the time")


@command.command(
    "report",
    short_help="A run as one HTML page.",
    epilog=examples("kolla-lite runs report last", "kolla-lite runs report last --out report.html"),
)
@click.argument("name", metavar="RUN", default="last")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, resolve_path=True, dir_okay=False),
    help="Where to write it [default: report.html in the run's folder].",
)
@config_option
def report(name: str, out: Path | None, directory: Path) -> None:
    """Write a page with a timeline per host, the plan with causes, and failures. It needs no network and no other file."""
    from kolla_lite.config.secrets import write_private
    from kolla_lite.runs.history import find
    from kolla_lite.runs.journal import FOLDER
    from kolla_lite.runs.timeline import html

    run = find(directory, name)
    path = out or directory / FOLDER / run.id / "report.html"
    write_private(path, html(run))
    output().print(str(path))
