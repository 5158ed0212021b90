"""The journal: what each run that may change hosts did, written as it happens to DIR/runs/<id>/.

A run's folder holds run.json (who, when, what, how it ended) and events.jsonl (a line per event). Both have mode 0600 and
name no secret. A line is with the kernel before the run goes on, so a killed run loses none; history.py reads them.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from kolla_lite.cloud import Cloud
from kolla_lite.config.difference import hide
from kolla_lite.config.secrets import write_private
from kolla_lite.deploy.planfile import inputs_of
from kolla_lite.deploy.run import Observer
from kolla_lite.errors import (
    EXIT_BAD_INPUT,
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    Location,
    UserError,
)

FOLDER = "runs"
RECORD = "run.json"
EVENTS = "events.jsonl"
KEPT_RUNS = 100
_UNTOLD = {"ansible_facts", "diff", "exception", "fingerprint", "invocation"}
"""What of a task's result says nothing to people that is not said elsewhere."""

_open: list[Journal] = []


class Journal:
    """Records one run: a context manager, and the observer of its events. UserError when DIR cannot be written."""

    def __init__(self, cloud: Cloud, command: str, services: Sequence[str] = (), limit: str | None = None) -> None:
        self.exit_code = EXIT_DONE
        """How the run ends unless it ends with an error."""
        self._cloud = cloud
        self._hidden = set(cloud.secrets.all_values())
        self._changed = False
        self._record: dict[str, Any] = {
            "command": command,
            "services": list(services),
            "limit": limit,
            "arguments": sys.argv[1:],
            "user": os.environ.get("SUDO_USER") or getpass.getuser(),
            "controller": socket.gethostname(),
            "version": version("kolla-lite"),
            "inputs": inputs_of(cloud.directory),
            "begun": _now(),
            "ended": None,
            "exit": None,
            "result": "running",
            "errors": [],
        }

    def __enter__(self) -> Journal:
        try:
            self.folder = _new_folder(self._cloud.directory / FOLDER, str(self._record["command"]))
            self._write_record()
            self._events: IO[str] = os.fdopen(_private(self.folder / EVENTS), "a", encoding="utf-8")
        except OSError as error:
            where = Location(str(self._cloud.directory / FOLDER))
            hint = "run as the owner of the folder, and make room on the disk"
            raise UserError(f"the run cannot be recorded: {error.strerror}", where, hint) from None
        # The kernel lets go of the lock when this process ends in any way: that is how a killed run is told.
        fcntl.flock(self._events, fcntl.LOCK_EX)
        _prune(self.folder.parent)
        return self

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Write one event down."""
        self._changed |= bool(event.get("result", {}).get("changed"))
        line = json.dumps({"time": _now(), **self._told(event)}, default=str)
        self._events.write(line + "\n")
        self._events.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, UserError):
            self.exit_code = error.exit_code
            self._record["errors"] = self._masked(error.as_dicts())
        elif error is not None:
            interrupted = isinstance(error, KeyboardInterrupt)
            self.exit_code = EXIT_INTERRUPTED if interrupted else EXIT_FAILED
        refused = self.exit_code == EXIT_BAD_INPUT and not self._changed
        result = {EXIT_DONE: "done", EXIT_INTERRUPTED: "interrupted"}.get(self.exit_code, "failed")
        self._record |= {"ended": _now(), "exit": self.exit_code, "result": "refused" if refused else result}
        self._write_record()
        self._events.close()

    def hide(self, cloud: Cloud) -> None:
        """Do not write this cloud's secrets down either: they may have been renewed."""
        self._hidden |= set(cloud.secrets.all_values())

    def _told(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """An event as it is written down: without what says nothing, and without secrets."""
        told = dict(event)
        if "result" in told:
            told["result"] = {
                key: value for key, value in told["result"].items() if key not in _UNTOLD and not key.startswith("_")
            }
        masked: dict[str, Any] = self._masked(told)
        return masked

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return hide(value, self._hidden)
        if isinstance(value, Mapping):
            return {key: self._masked(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(item) for item in value]
        return value

    def _write_record(self) -> None:
        write_private(self.folder / RECORD, json.dumps(self._record, indent=2) + "\n")


@contextmanager
def recorded(cloud: Cloud, command: str, services: Sequence[str] = (), limit: str | None = None) -> Iterator[Journal]:
    """Record what happens in the block as a run; within a run, such as `up`, it is part of that."""
    if _open:
        _open[-1].hide(cloud)
        yield _open[-1]
        return
    with Journal(cloud, command, services, limit) as journal:
        _open.append(journal)
        try:
            yield journal
        finally:
            _open.pop()


def also(journal: Journal, observe: Observer | None) -> Observer:
    """An observer that writes events down before it passes them on."""

    def both(event: Mapping[str, Any]) -> None:
        journal(event)
        if observe:
            observe(event)

    return both


def _new_folder(parent: Path, command: str) -> Path:
    parent.mkdir(mode=0o700, exist_ok=True)
    ignored = parent / ".gitignore"
    if not ignored.exists():  # operators keep DIR in version control, and this is not for it
        ignored.write_text("*\n", encoding="utf-8")
    number, name = 1, f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{command}"
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder


def _prune(parent: Path) -> None:
    folders = sorted(path.parent for path in parent.glob(f"*/{RECORD}"))
    for folder in folders[:-KEPT_RUNS]:
        shutil.rmtree(folder, ignore_errors=True)


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
