"""Runs that the journal recorded, read back: what was planned, how far it got, how two of them differ. Pure but for reading."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kolla_lite.deploy import playbook
from kolla_lite.deploy.plan import RELOAD
from kolla_lite.errors import Location, UserError
from kolla_lite.runs.journal import EVENTS, FOLDER, RECORD

LAST = "last"
RECENT_RUNS = 5
DONE, FAILED, CUT_OFF, LEFT = "done", "failed", "cut off", "not reached"
"""How far a step of a plan got; a step that was cut off had begun when the run was killed or interrupted."""
DONE_BY = {"file": "service_config", "job": "service_jobs", "container": "service_containers"}
DONE_BY |= {"image": "service_images", "resource": "service_resources", "replica": "service_rotation"}
LEFTOVERS = "service_leftovers"
"""Does what is left to do on hosts that services have gone from, whatever its kind."""
_NAMES_DONE = {"job": "seconds", "container": "seconds", "image": "images"}
"""Where the result of an action names the things that it has done, also when it then failed."""
_Task = tuple[str, str, str]
"""Host, action and service."""


@dataclass(frozen=True)
class Run:
    """One recorded run: `record` is its run.json, `events` are its events in order, see `run.Observer`."""

    id: str
    record: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]

    @property
    def result(self) -> str:
        """running, done, failed, refused (nothing was changed) or interrupted (also: killed)."""
        return str(self.record["result"])

    @property
    def begun(self) -> datetime:
        """When it began, in UTC."""
        return datetime.fromisoformat(self.record["begun"])

    @property
    def ended(self) -> datetime:
        """When it ended; of a run that was killed, or goes on, when it was last heard of."""
        last = self.record["ended"] or (self.events[-1]["time"] if self.events else self.record["begun"])
        return datetime.fromisoformat(last)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return round((self.ended - self.begun).total_seconds(), 1)

    @property
    def selection(self) -> str:
        """The services and hosts that it was kept to, as on the command line."""
        limit = self.record["limit"]
        return " ".join([*self.record["services"], *([f"--limit {limit}"] if limit else [])])

    @property
    def plan(self) -> list[dict[str, Any]]:
        """The steps that it set out to do, host by host."""
        return [step for event in self.events for step in event.get("result", {}).get("steps", [])]

    def progress(self) -> list[tuple[dict[str, Any], str]]:
        """Each step of the plan, with how far it got."""
        ended: dict[_Task, list[Mapping[str, Any]]] = {}
        running: set[_Task] = set()
        for event in self.events:
            together = {(event["host"], event["action"], name) for name in playbook.services_of(event["play"])}
            if event["state"] == "started":
                running |= together
                continue
            running -= together
            if event["state"] != "skipped":
                for name in services_of(event):
                    ended.setdefault((event["host"], event["action"], name), []).append(event)
        return [(step, _state(step, ended, running)) for step in self.plan]


def services_of(event: Mapping[str, Any]) -> list[str]:
    """The services that an event is about; one that only started, or failed as a whole, names them in its play."""
    one = event.get("result", {}).get("service")
    return [str(one)] if one else playbook.services_of(event["play"])


def _state(
    step: Mapping[str, Any], ended: Mapping[_Task, Sequence[Mapping[str, Any]]], running: Collection[_Task]
) -> str:
    kind = "file" if step["action"] == RELOAD else step["kind"]  # who writes configuration has it read again
    task, last = ((step["host"], action, step["service"]) for action in (DONE_BY[kind], LEFTOVERS))
    for event in [*ended.get(task, ()), *ended.get(last, ())]:
        result, good = event.get("result", {}), event["state"] == "ok"
        if kind not in _NAMES_DONE or (not good and "failures" not in result):
            return DONE if good else FAILED
        if step["name"] in result.get("failures", ()):
            return FAILED
        if step["name"] in result.get(_NAMES_DONE[kind], ()):
            return DONE
    return CUT_OFF if task in running else LEFT


def load(folder: Path) -> Run:
    """Read one run. A line that was cut short when the machine went down is left out."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    events: list[Mapping[str, Any]] = []
    path = folder / EVENTS
    if path.exists():
        lines = path.read_text(encoding="utf-8").split("\n")
        events = [json.loads(line) for line in lines[:-1]]
    if record["result"] == "running" and not _alive(path):
        record["result"] = "interrupted"
    return Run(folder.name, record, tuple(events))


def _alive(path: Path) -> bool:
    """Whether the process that writes these events still holds its lock."""
    try:
        with path.open("rb") as events:
            fcntl.flock(events, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def folders(directory: Path) -> list[Path]:
    """The folders of a cloud's recorded runs, oldest first."""
    return sorted(path.parent for path in (directory / FOLDER).glob(f"*/{RECORD}"))


def find(directory: Path, name: str) -> Run:
    """The run of this id, or the only one whose id holds `name`, or the `last`. UserError when there is none such."""
    known = folders(directory)
    where = Location(str(directory / FOLDER))
    if not known:
        raise UserError("no run is recorded there", where, "runs are recorded by up, deploy, bootstrap and the like")
    if name == LAST:
        return load(known[-1])
    found = [path for path in known if path.name == name] or [path for path in known if name in path.name]
    if len(found) != 1:
        what = f"{len(found)} runs are called so: {name!r}" if found else f"there is no run {name!r}"
        raise UserError(what, where, "`kolla-lite runs` lists them; `last` is the latest")
    return load(found[0])


@dataclass(frozen=True)
class Difference:
    """One thing in which two runs differ: `what` it is, and each run's value of it."""

    what: str
    before: str
    after: str


def differences(one: Run, other: Run) -> dict[str, list[Difference]]:
    """How two runs differ: `runs` (command, selection, version, result), their `inputs`, their `steps`."""
    facts = ("command", "services", "limit", "version", "user", "controller", "result")
    runs = [Difference(fact, _plain(one.record[fact]), _plain(other.record[fact])) for fact in facts]
    old, new = one.record["inputs"], other.record["inputs"]
    inputs = [Difference(name, *_digests(old.get(name), new.get(name))) for name in sorted({*old, *new})]
    before, after = _outcomes(one), _outcomes(other)
    steps = [
        Difference(name, before.get(name, "no step"), after.get(name, "no step"))
        for name in dict.fromkeys([*before, *after])
    ]
    found = {"runs": runs, "inputs": inputs, "steps": steps}
    return {part: [entry for entry in entries if entry.before != entry.after] for part, entries in found.items()}


def _plain(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value or "")


def _digests(before: str | None, after: str | None) -> tuple[str, str]:
    shown = [digest[:12] if digest else "not there" for digest in (before, after)]
    return shown[0], shown[1]


def _outcomes(run: Run) -> dict[str, str]:
    return {
        f"{step['service']} on {step['host']}: {step['kind']} {step['name']}": f"{step['action']} ({step['cause']}): {state}"
        for step, state in run.progress()
    }


def changed_inputs(before: Mapping[str, str], after: Mapping[str, str]) -> Sequence[str]:
    """The names of inputs that are not the same."""
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def replacement_seconds(directory: Path) -> dict[tuple[str, str], float]:
    """How long the last replacement of containers took, by host and container; of what recent runs have replaced."""
    measured = {}
    for run in map(load, folders(directory)[-RECENT_RUNS:]):
        replaced = {(step["host"], step["name"]) for step in run.plan if step["action"] == "recreate"}
        for event in run.events:
            for name, seconds in event.get("result", {}).get("seconds", {}).items():
                if (event["host"], name) in replaced:
                    measured[event["host"], name] = seconds
    return measured
