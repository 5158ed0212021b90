"""What a run is doing, for people: a line per finished step, and on a terminal what is being waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape

from kolla_lite.deploy.playbook import title


class Progress:
    """An observer of runs, to be used as a context manager; with `quiet` it shows nothing."""

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self.console = console
        self.quiet = quiet
        self._status = console.status("starting Ansible")

    def __enter__(self) -> Progress:
        if self.console.is_terminal and not self.quiet:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take one event of a run; failures are told at its end, all together."""
        service = event.get("result", {}).get("service")
        where = f"[bold]{escape(title(service) if service else event['play'])}[/] on {escape(event['host'])}"
        if event["state"] == "started":
            self._status.update(f"{where}: {escape(event['task'].lower())}")
        if self.quiet or event["state"] != "ok":
            return
        note = event["result"].get("note")
        for line in [note] * bool(note) + describe(event):
            self.console.print(f"{where}: {escape(line)}")


def describe(event: Mapping[str, Any]) -> list[str]:
    """What a finished task did, a line each; none for a task that changed nothing. Pure."""
    result, action = event["result"], event["action"]
    if action == "plan":
        steps = result["steps"]
        return [f"{len(steps)} changes to make"] if steps else []
    if action == "options":
        return [f"warning: {text}" for text in result["cautions"]]
    if action == "service_rotation":
        told = [item["replicas"] for item in result.get("results", [])]
        return [f"{name} {how}" for replicas in told for name, how in replicas.items()]
    if not result.get("changed"):
        return []
    return _CHANGES[action](result) if action in _CHANGES else [f"{action}: {result.get('summary', 'done')}"]


_CHANGES: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "service_config": lambda result: [f"{len(result['files'])} configuration files written"],
    "service_jobs": lambda result: [f"job {name} done" for name in result["output"]],
    "service_containers": lambda result: [
        f"container {name} ready in {seconds} s" for name, seconds in result["seconds"].items()
    ],
    "service_leftovers": lambda result: [f"container {name} removed" for name in result.get("seconds", ())],
    "service_images": lambda result: [
        f"image {image} {'pushed' if result['do'] == 'push' else 'copied'}" for image in result["images"]
    ],
    "service_resources": lambda result: [
        f"{found['action']} {found['kind']} {found['name']}: {found['cause']}" for found in result["differences"]
    ],
    "service_stop": lambda result: [f"container {name} stopped" for name in result["stopped"]],
    "destroy": lambda result: [
        f"{what[:-1]} {name} removed" for what in ("containers", "volumes") for name in result[what]
    ],
    "host": lambda result: list(result["actions"]),
}
"""By action, what it says of a result that changed something."""
