"""Who may change a cloud: decisions about the lock that hosts hold. Pure but for looking at this machine's processes.

Nobody waits for a lock while a run that began earlier wants one that they hold, so two runs cannot wait for each other.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from kolla_lite.cloud import Cloud
from kolla_lite.engine import utility
from kolla_lite.errors import Location, UserError

WAIT_SECONDS = 60
"""How long a run waits for a later one to give way."""
POLL_SECONDS = 0.5

Ask = Callable[[str | None], Mapping[str, Any]]
"""Asks a host for its lock, in place of the run of this id; the module's answer, with `held` when somebody has it."""


@dataclass(frozen=True)
class Holder:
    """A run, as it describes itself to hosts and to people who find its lock.

    `cloud` is the mark of the cloud that it changes, see `Secrets.mark`. `controller`, `machine`, `boot` and `processes`
    tell one machine, one start of it, and one space of process ids from others; `started` is when process `pid` did, in
    the kernel's ticks; `since` is ISO 8601.
    """

    run: str
    cloud: str
    since: str
    user: str
    command: str
    controller: str
    machine: str
    boot: str
    processes: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.user} on {self.controller}: {self.command} (process {self.pid}), since {self.since}"


def this_run(command: str, cloud: str) -> Holder:
    """A new run of this process."""
    return Holder(
        run=uuid4().hex,
        cloud=cloud,
        since=datetime.now(UTC).isoformat(timespec="milliseconds"),
        user=os.environ.get("SUDO_USER") or getpass.getuser(),
        command=command,
        controller=socket.gethostname(),
        machine=_text("/etc/machine-id"),
        boot=_text("/proc/sys/kernel/random/boot_id"),
        processes=str(Path("/proc/self/ns/pid").readlink()),
        pid=os.getpid(),
        started=started(os.getpid()) or "",
    )


def lock_variables(cloud: Cloud, command: str, services: Sequence[str], limit: str | None) -> dict[str, Any]:
    """What playbooks need to lock: who, and on which host besides those that change.

    That one host, the same for every run, keeps runs with different --limit apart.
    """
    control = [host.name for host in cloud.hosts.values() if "control" in host.roles]
    text = " ".join(["kolla-lite", command, *services, *(["--limit", limit] if limit else [])])
    return {"lock_holder": asdict(this_run(text, cloud.secrets.mark)), "lock_host": (control or list(cloud.hosts))[0]}


def lock_state(state: str, runs: Sequence[str] = ()) -> dict[str, Any]:
    """What ansible/lock.yml needs to show locks, or to let go of those of some runs."""
    return {"lock_state": state, "lock_runs": list(runs)}


def started(pid: int) -> str | None:
    """When a process of this machine started, in ticks since the boot; None when there is none."""
    line = _text(f"/proc/{pid}/stat")
    return line.rpartition(")")[2].split()[19] if line else None


def over(held: Holder, mine: Holder, started: Callable[[int], str | None] = started) -> str | None:
    """Why the run that holds a lock is certainly over; None when it may go on."""
    if (held.boot, held.processes) == (mine.boot, mine.processes):
        if held.pid == mine.pid and held.started == mine.started:
            return "this process ended that run before"
        return None if started(held.pid) == held.started else f"process {held.pid} is gone"
    same = held.machine and (held.machine, held.controller) == (mine.machine, mine.controller)
    return f"{held.controller} has been restarted since" if same and held.boot != mine.boot else None


def take(ask: Ask, mine: Holder, host: str) -> tuple[Mapping[str, Any], str | None]:
    """Take a host's lock: the module's last answer, and in words whose stale lock was taken over.

    UserError that says who holds it when it cannot be had.
    """
    deadline, note, instead_of = time.monotonic() + WAIT_SECONDS, None, None
    while (answer := ask(instead_of)).get("held"):
        refuse_other_cloud(answer["held"]["cloud"], mine.cloud, host)
        held = Holder(**answer["held"])
        if why := over(held, mine):
            instead_of, note = held.run, f"lock taken over from {held}: {why}"
        elif (held.since, held.run) < (mine.since, mine.run) or time.monotonic() > deadline:
            hint = "wait until it is done; where that run is certainly over, `kolla-lite unlock`"
            raise UserError(f"locked by {held}", Location(host), hint)
        else:
            time.sleep(POLL_SECONDS)  # it began after us: it will find our lock somewhere and give way
    return answer, note


def refuse_other_cloud(found: str | None, mine: str, host: str) -> None:
    """Raise UserError when a host belongs to another cloud than ours, by their marks."""
    if found not in (None, mine):
        state = utility("state")
        hint = (
            "name the configuration that it was deployed with (--config), or remove that cloud, with its data, with"
            f" `kolla-lite destroy --volumes`; where it is lost, `rm {state.FOLDER}/{state.OWNER}` there gives the host up"
        )
        raise UserError("it belongs to another cloud, whose data need the secrets of that one", Location(host), hint)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
