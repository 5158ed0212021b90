"""Going on with a run that did not get to its end: which one, whether it still makes sense, and what of it is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from kolla_lite.deploy.planfile import inputs_of
from kolla_lite.deploy.run import Observer
from kolla_lite.errors import Location, UserError, raise_all
from kolla_lite.runs.history import CUT_OFF, FAILED, Run, folders, load
from kolla_lite.runs.journal import FOLDER

_COMMANDS = ("deploy", "up")
"""The commands whose runs `deploy --resume` goes on with."""


def unfinished(directory: Path) -> Run:
    """The latest run that did not finish, unless one after it did all of the same.

    UserError when there is none, when it still runs, and when what it was made from has changed since.
    """
    run = _latest(load(path) for path in reversed(folders(directory)))
    where = Location(str(directory / FOLDER))
    if run is None:
        raise UserError("there is no unfinished run to go on with", where, "run `kolla-lite deploy`")
    if run.result == "running":
        raise UserError(
            f"{run.id} is still running", where, "wait for it; `kolla-lite runs show last` tells how far it is"
        )
    hint = "run `kolla-lite deploy`, which compares afresh; what is done is not done again there either"
    now, then = inputs_of(directory), run.record["inputs"]
    changed = [name for name in sorted({*now, *then}) if now.get(name) != then.get(name)]
    raise_all([UserError(f"changed since {run.id} began", Location(name), hint) for name in changed])
    return run


def _latest(runs: Iterable[Run]) -> Run | None:
    finished: list[Run] = []
    for run in runs:
        if run.record["command"] not in _COMMANDS:
            continue
        if run.result == "done":
            finished.append(run)
        else:
            return None if any(_covers(later, run) for later in finished) else run
    return None


def _covers(later: Run, run: Run) -> bool:
    services, wanted = later.record["services"], run.record["services"]
    every_service = not services or (wanted and set(wanted) <= set(services))
    return bool(every_service) and later.record["limit"] in (None, run.record["limit"])


class Resumption:
    """An observer that tells first where the run stopped, and once hosts are compared, what of its plan is left."""

    def __init__(self, run: Run, console: Console, then: Observer) -> None:
        self._run = run
        self._console = console
        self._then = then
        self._steps: list[Mapping[str, Any]] = []
        self._compared = False
        for line in stopped_at(run):
            console.print(escape(line))

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take one event of the new run."""
        if event["action"] == "plan":
            self._steps += event.get("result", {}).get("steps", [])
        elif self._steps and not self._compared:
            self._compared = True
            for line in what_is_left(self._run.plan, self._steps):
                self._console.print(escape(line))
        self._then(event)


def stopped_at(run: Run) -> list[str]:
    """Which run it was, and at which steps it ended; a line each."""
    what = " ".join([run.record["command"], run.selection]).strip()
    lines = [f"going on with {run.id} ({what}), {run.result} after {run.seconds} s"]
    for step, state in run.progress():
        if state in (FAILED, CUT_OFF):
            lines.append(
                f"  it stopped at: {step['kind']} {step['name']} of {step['service']} on {step['host']}: {state}"
            )
    return lines


def what_is_left(before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[str]:
    """How the plan of a run that stopped compares with the plan of now; a line each. Pure."""
    old, new = ({_about(step): step for step in steps} for steps in (before, now))
    lines = [
        f"  done already: {len(old.keys() - new.keys())} of its {len(old)} steps; left: {len(new.keys() & old.keys())}"
    ]
    lines += [f"  also now: {step['action']} {key}: {step['cause']}" for key, step in new.items() if key not in old]
    return lines


def _about(step: Mapping[str, Any]) -> str:
    return f"{step['kind']} {step['name']} of {step['service']} on {step['host']}"
