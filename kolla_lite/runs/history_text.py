"""Recorded runs as people read them on a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich import box
from rich.markup import escape
from rich.table import Column, Table

from kolla_lite.deploy.progress import describe
from kolla_lite.runs.history import CUT_OFF, DONE, FAILED, LEFT, Difference, Run

SHOWN_LINES = 3
"""How many lines of a job's output stand in the text; --json and the report have them all."""
_RESULTS = {"done": "green", "running": "cyan", "interrupted": "yellow", "failed": "red", "refused": "red"}
_MARKS = {DONE: "[green]✓[/]", FAILED: "[red]✗[/]", CUT_OFF: "[yellow]…[/]", LEFT: "·"}


def runs_table(runs: Iterable[Run]) -> Table:
    """One line per run."""
    table = Table(Column("run", no_wrap=True), "who", "what", "seconds", "steps", "result", box=box.SIMPLE_HEAD)
    for run in runs:
        progress = run.progress()
        done = sum(1 for _step, state in progress if state == DONE)
        table.add_row(
            run.id,
            escape(f"{run.record['user']} on {run.record['controller']}"),
            escape(f"{run.record['command']} {run.selection}".rstrip()),
            f"{run.seconds:g}",
            f"{done} of {len(progress)}" if progress else "",
            _result(run),
        )
    return table


def run_text(run: Run) -> str:
    """Everything that a run tells, as rich markup."""
    record = run.record
    lines = [
        f"[bold]{run.id}[/]: {_result(run)} after {run.seconds:g} s"
        + (f", exit code {record['exit']}" if record["exit"] is not None else ""),
        escape(
            f"kolla-lite {record['command']} {run.selection}".rstrip()
            + f", by {record['user']} on {record['controller']}, version {record['version']}"
        ),
    ]
    for step, state in run.progress():
        about = f"{step['action']} {step['kind']} {step['name']} of {step['service']} on {step['host']}"
        lines.append(
            f"  {_MARKS[state]} {escape(about)}: {escape(step['cause'])}{'' if state == DONE else f' ({state})'}"
        )
    lines += ["what happened when:"] if run.events else []
    for event in run.events:
        lines += _event_lines(run, event)
    for error in record["errors"]:
        where = f"{error['file']}: " if error["file"] else ""
        lines.append(f"[red]error:[/] {escape(where + error['message'])}")
        lines += [f"  remedy: {escape(error['remedy'])}"] if error["remedy"] else []
    return "\n".join(lines)


def _event_lines(run: Run, event: Mapping[str, object]) -> list[str]:
    if event["state"] in ("started", "skipped"):
        return []
    at = (datetime.fromisoformat(str(event["time"])) - run.begun).total_seconds()
    took = f", {event['seconds']:g} s" if "seconds" in event else ""
    what = describe(event) if event["state"] == "ok" else [f"{event['task']}: {event['state']}"]
    lines = [f"  {at:7.1f} s  " + escape(f"{event['host']}: {text}{took}") for text in what]
    result = event.get("result")
    output = result.get("output", {}) if isinstance(result, Mapping) else {}
    for name, text in (output or {}).items():
        lines += [f"             {escape(f'{name}: {line}')}" for line in text.splitlines()[-SHOWN_LINES:]]
    return lines


def differences_table(found: Mapping[str, Sequence[Difference]]) -> Table:
    """What `history.differences` found."""
    table = Table("", "what", "before", "after", box=box.SIMPLE_HEAD)
    for part, entries in found.items():
        for index, entry in enumerate(entries):
            cells = [escape(text) for text in (entry.what, entry.before, entry.after)]
            table.add_row("" if index else part, *cells)
    return table


def _result(run: Run) -> str:
    return f"[{_RESULTS[run.result]}]{run.result}[/]"
