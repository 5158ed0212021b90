"""Run a playbook over a cloud with ansible-runner, and turn what it reports into steps, failures and progress."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner

from kolla_lite import paths
from kolla_lite.deploy.lock import lock_state
from kolla_lite.deploy.removal import RemovalRefused
from kolla_lite.errors import EXIT_FAILED, Location, UserError, raise_all

_AGAIN = "mend the cause and run the same command again"
OUR_ACTIONS = "kolla_lite.core."
Observer = Callable[[Mapping[str, Any]], None]
"""Gets each event of a run: `state` (started, skipped, ok, failed, unreachable), host, play, task, action, and of a finished task
`begun` (ISO 8601), seconds, and result or errors."""


@dataclass
class Outcome:
    """What a run did: the plan's steps, what modules returned by host, failures, and how long it took in seconds."""

    steps: list[dict[str, str]] = field(default_factory=list)
    results: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failures: list[UserError] = field(default_factory=list)
    seconds: float = 0.0
    tasks: int = 0
    locked: set[str] = field(default_factory=set)

    def told(self, what: str) -> list[dict[str, str]]:
        """What modules returned as a list of this name, with the host of each entry."""
        return [
            {"host": host, **entry}
            for host, results in self.results.items()
            for result in results
            for entry in result.get(what, [])
        ]


def run_playbook(
    playbook: str | Path,
    directory: Path,
    *,
    selection: Sequence[str] = (),
    limit: str | None = None,
    variables: Mapping[str, Any] | None = None,
    diff: bool = False,
    verbose: int = 0,
    observe: Observer | None = None,
) -> Outcome:
    """Run one playbook of ansible/ (or the text of one) over the hosts of a folder of operator's files.

    `selection` names services, `limit` is Ansible's host pattern, `diff` asks steps for their differences. `observe`
    gets each task of ours that starts or ends well, and each that fails. Raises UserError for bad input and
    unreachable hosts, and for failures with exit code 1; KeyboardInterrupt when the user interrupted, after Ansible
    has stopped. Hosts that were locked, as `variables` of `lock.lock_variables` have it, are let go of in any case.
    """
    outcome, begun = Outcome(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kolla-lite-") as private:
        if not isinstance(playbook, Path):
            text, playbook = playbook, Path(private, "site.yml")
            playbook.write_text(text, encoding="utf-8")
        process = Path(private, "ansible.pid")
        interrupted = _Interrupt(process)
        run = ansible_runner.run(
            private_data_dir=private,
            playbook=str(playbook),
            inventory=str(directory / "hosts.yml"),
            envvars={**_environment(), "KOLLA_LITE_PID_FILE": str(process)},
            extravars=dict(variables or {}),
            tags=",".join(selection) or None,
            limit=limit,
            cmdline="--diff" if diff else None,
            quiet=verbose < 2,
            verbosity=max(verbose - 1, 0),
            event_handler=lambda event: _on_event(event, outcome, observe),
            cancel_callback=interrupted.pass_on,
            suppress_env_files=True,
        )
        interrupted.restore()
    _release(directory, outcome, variables or {})
    outcome.seconds = round(time.monotonic() - begun, 1)
    if interrupted.seen:
        raise KeyboardInterrupt
    if run.rc and not outcome.failures:
        outcome.failures.append(UserError(f"Ansible ended with exit code {run.rc}", hint=_AGAIN, exit_code=EXIT_FAILED))
    raise_all(outcome.failures)
    return outcome


def _release(directory: Path, outcome: Outcome, variables: Mapping[str, Any]) -> None:
    if outcome.locked:
        limit, runs = ",".join(sorted(outcome.locked)), [variables["lock_holder"]["run"]]
        # Where it fails, the next run finds that this one is over.
        with suppress(UserError):
            run_playbook(paths.ANSIBLE / "lock.yml", directory, limit=limit, variables=lock_state("released", runs))


def _environment() -> dict[str, str]:
    return {
        "ANSIBLE_CONFIG": str(paths.ANSIBLE / "ansible.cfg"),
        "PATH": os.pathsep.join(
            [str(paths.ANSIBLE / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        ),
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
    }


class _Interrupt:
    """Ctrl-C ends Ansible and its workers rather than killing this process in the middle of its bookkeeping."""

    def __init__(self, process: Path) -> None:
        self.seen = False
        self._process = process
        self._before = signal.signal(signal.SIGINT, self._note)

    def _note(self, _signal: int, _frame: object) -> None:
        self.seen = True
        self.pass_on()

    def pass_on(self) -> bool:
        """Tell Ansible, once there was a Ctrl-C; also a while later, since it may not have started. Always False."""
        if self.seen:
            with suppress(OSError, ValueError):
                os.kill(int(self._process.read_text()), signal.SIGTERM)
        return False

    def restore(self) -> None:
        """Give the signal back to whoever had it."""
        signal.signal(signal.SIGINT, self._before)


def _on_event(event: Mapping[str, Any], outcome: Outcome, observe: Observer | None) -> bool:
    kind, data = event["event"], event.get("event_data", {})
    ours = str(data.get("resolved_action", "")).startswith(OUR_ACTIONS)
    if ours and data.get("res", {}).get("locked"):
        outcome.locked.add(data["res"]["locked"])
    if kind in ("runner_on_ok", "runner_on_failed"):
        outcome.tasks += 1
    if kind == "runner_on_unreachable":
        reason = data["res"].get("msg", "").strip().splitlines()[-1:] or ["no answer"]
        hint = "check address, user and key in hosts.yml, and that the machine is on"
        error = UserError(f"the host cannot be reached: {reason[0]}", Location(data["host"]), hint)
        outcome.failures.append(error)
        _tell(observe, "unreachable", data, errors=error.as_dicts())
    elif kind == "runner_on_failed" and not data.get("ignore_errors"):
        errors = _failures(data)
        outcome.failures += errors
        found = [entry for error in errors for entry in error.as_dicts()]
        for result in by_service(data["res"]):
            state = "ok" if result.get("failures") == {} else "failed"
            _tell(observe, state, data, result=result, **({"errors": found} if state == "failed" else {}))
    elif kind in ("runner_on_start", "runner_on_skipped") and ours:
        _tell(observe, "started" if kind == "runner_on_start" else "skipped", data)
    elif kind == "runner_on_ok" and ours:
        outcome.steps += data["res"].get("steps", [])
        for result in by_service(data["res"]):
            if data["resolved_action"] != f"{OUR_ACTIONS}take_lock":
                outcome.results.setdefault(data["host"], []).append(result)
            _tell(observe, "ok", data, result=result)
    elif kind == "error":
        outcome.failures.append(UserError(event.get("stdout", "Ansible failed"), exit_code=EXIT_FAILED))
    return False


def by_service(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a task did for each of several services, as if each had had a task of its own; else its one result."""
    parts = result.get("services") or {}
    return [{**part, "service": name} for name, part in parts.items()] or [dict(result)]


def _tell(observe: Observer | None, state: str, data: Mapping[str, Any], **more: object) -> None:
    if observe:
        action = str(data.get("resolved_action", data["task_action"])).removeprefix(OUR_ACTIONS)
        known = {"state": state, "host": data["host"], "play": data["play"], "task": data["task"], "action": action}
        times = {"begun": data["start"], "seconds": round(data["duration"], 2)} if "start" in data else {}
        observe({**known, **times, **more})


def _failures(data: Mapping[str, Any]) -> list[UserError]:
    result = data["res"]
    if result.get("kolla_lite_errors"):
        kinds = ((RemovalRefused if "going" in entry else UserError, entry) for entry in result["kolla_lite_errors"])
        return [kind.from_dict(entry) for kind, entry in kinds]
    message = str(result.get("msg", "the task failed"))
    where = Location(f"{data['host']}, {data['play']}, {data['task']}")
    return [UserError(message, where, _AGAIN, EXIT_FAILED)]
