"""A recorded run as a picture of what happened when, and as one HTML page that needs nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kolla_lite.deploy.progress import describe
from kolla_lite.runs.history import CUT_OFF, DONE, DONE_BY, FAILED, LEFT, LEFTOVERS, Run, services_of

_TEMPLATES = Path(__file__).parent / "templates"
_KINDS = {action: kind for kind, action in DONE_BY.items()} | {LEFTOVERS: "container", "plan": "plan", "host": "host"}
_CLASSES = {DONE: "done", FAILED: "failed", CUT_OFF: "cut", LEFT: "left"}
_TENTH = 0.15
"""Times are in tenths of a second: what began so little before the end of something else began after it."""
_TICKS = 8
"""About how many times stand on the axis."""


@dataclass(frozen=True)
class Bar:
    """One thing that was done on a host: `begun` and `seconds` are seconds of the run, `told` a line per thing done."""

    host: str
    service: str
    kind: str
    name: str
    state: str
    begun: float
    seconds: float
    told: tuple[str, ...]


def bars(run: Run) -> list[Bar]:
    """What was done, in the order in which it began. Tasks that found nothing to do are left out."""
    found: list[Bar] = []
    open_tasks: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    causes: dict[tuple[str, str, str], list[str]] = {}
    for step in run.plan:
        text = f"{step['action']} {step['name']}: {step['cause']}"
        causes.setdefault((step["host"], step["service"], step["kind"]), []).append(text)
    for event in run.events:
        key = (event["host"], event["play"], event["task"])
        if event["state"] == "started":
            open_tasks[key] = event
            continue
        open_tasks.pop(key, None)
        if event["state"] != "skipped":
            found += _finished(run, event, causes)
    for event in open_tasks.values():
        offset = _offset(run, event["time"])
        kind, service = _KINDS.get(event["action"], "other"), _name(event)
        told = tuple(causes.get((event["host"], service, kind), ()))
        left = max(run.seconds - offset, 0.0)
        found.append(Bar(event["host"], service, kind, event["task"], CUT_OFF, offset, left, told))
    return sorted(found, key=lambda bar: bar.begun)


def _finished(
    run: Run, event: Mapping[str, Any], causes: Mapping[tuple[str, str, str], Sequence[str]]
) -> Iterator[Bar]:
    result, good = event.get("result", {}), event["state"] == "ok"
    kind = _KINDS.get(event["action"], "other")
    if "begun" not in event or (good and kind != "plan" and not result.get("changed")):
        return
    service = "plan" if kind == "plan" else _name(event)
    begun, end = _offset(run, event["begun"]), _offset(run, event["begun"]) + event["seconds"]
    why = causes.get((event["host"], service, kind), ())
    for name, offset in result.get("begun", {}).items():  # one task for all of them: each gets its own bar
        about = tuple(text for text in why if f" {name}: " in text)
        failure = result.get("failures", {}).get(name)
        seconds = result["seconds"].get(name, max(end - begun - offset, 0.0))
        told = (failure,) if failure else about
        yield Bar(event["host"], service, kind, name, FAILED if failure else DONE, begun + offset, seconds, told)
    if result.get("begun"):
        return
    told = tuple(error["message"] for error in event.get("errors", ())) or tuple(why) or tuple(describe(event))
    images = [image.rpartition("/")[2] for image in result.get("images", ())]
    name = " ".join(images) or event["task"]
    yield Bar(event["host"], service, kind, name, DONE if good else FAILED, begun, max(end - begun, 0.0), told)


def _name(event: Mapping[str, Any]) -> str:
    """What the row of an event is called."""
    return ", ".join(services_of(event))


def _offset(run: Run, time: str) -> float:
    return max((datetime.fromisoformat(time) - run.begun).total_seconds(), 0.0)


def ticks(seconds: float) -> list[float]:
    """Round times for an axis that is so long."""
    steps = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    step = next((step for step in steps if seconds / step <= _TICKS), steps[-1])
    return [round(index * step, 1) for index in range(int(seconds / step) + 1)]


def clock(seconds: float) -> str:
    """A time of a run as people read it: 0.5 s, 12 s, 2:05."""
    if seconds < 60:
        return f"{seconds:g} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def lanes(found: Sequence[Bar]) -> dict[str, dict[str, list[list[Bar]]]]:
    """Bars by host and service, each in the order in which it first did something, in rows where none covers another."""
    result: dict[str, dict[str, list[list[Bar]]]] = {}
    for bar in found:
        rows = result.setdefault(bar.host, {}).setdefault(bar.service, [])
        free = next((row for row in rows if row[-1].begun + row[-1].seconds < bar.begun + _TENTH), None)
        if free is None:
            rows.append([bar])
        else:
            free.append(bar)
    return result


def html(run: Run) -> str:
    """The page: header, failures, timeline, plan with causes, output of jobs, inputs."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = clock
    progress = run.progress()
    found = bars(run)
    output = [
        (event["host"], name, text)
        for event in run.events
        for name, text in (event.get("result", {}).get("output") or {}).items()
    ]
    return environment.get_template("run.html.j2").render(
        run=run,
        record=run.record,
        lanes=lanes(found),
        length=max([run.seconds, *(bar.begun + bar.seconds for bar in found), 0.1]),
        ticks=ticks(run.seconds),
        progress=progress,
        counts={state: sum(1 for _step, other in progress if other == state) for state in _CLASSES},
        hosts=sorted({step["host"] for step in run.plan} | {bar.host for bar in found}),
        output=output,
        classes=_CLASSES,
        states={"done": DONE, "failed": FAILED, "cut": CUT_OFF, "left": LEFT},
    )
