"""Who may change a cloud: a host's file, and what a run decides about another's lock."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from kolla_lite import paths
from kolla_lite.deploy import lock
from kolla_lite.deploy.lock import Holder, over, take
from kolla_lite.errors import UserError

sys.path.insert(0, str(paths.ANSIBLE / "collections"))
from ansible_collections.kolla_lite.core.plugins.module_utils import lock as held_by

MINE = Holder(
    "run-b",
    "cloud-1",
    "2026-11-24T04:00:00",
    "ann",
    "kolla-lite deploy",
    "ctl",
    "machine-1",
    "boot-1",
    "pid:[1]",
    20,
    "7",
)


def other(**what: Any) -> Holder:
    return replace(MINE, **{"run": "run-a", "pid": 10, "started": "5", **what})


@pytest.mark.parametrize(
    ("held", "running", "reason"),
    [
        (other(), "5", None),
        (other(), None, "process 10 is gone"),
        (other(), "6", "process 10 is gone"),  # its number belongs to another by now
        (other(pid=20, started="7"), "7", "this process ended that run before"),
        (other(boot="boot-0"), None, "ctl has been restarted since"),
        (other(boot="boot-0", processes="pid:[2]"), None, "ctl has been restarted since"),
        (other(boot="boot-0", machine=""), None, None),  # nothing tells machines apart
        (other(boot="boot-0", controller="other"), None, None),
        (other(boot="boot-0", machine="machine-2"), None, None),
        (other(processes="pid:[2]"), None, None),  # in another container: its processes are not seen here
    ],
)
def test_which_runs_are_certainly_over(held: Holder, running: str | None, reason: str | None) -> None:
    assert over(held, replace(MINE, machine=held.machine and MINE.machine), lambda _pid: running) == reason


def test_a_run_of_this_process_describes_itself() -> None:
    mine = lock.this_run("kolla-lite deploy", "cloud-1")
    assert over(mine, replace(mine, run="next")) == "this process ended that run before"
    with subprocess.Popen(["sleep", "60"]) as process:
        held = replace(mine, run="other", pid=process.pid, started=lock.started(process.pid) or "")
        assert over(held, mine) is None
        process.kill()
    assert over(held, mine) == f"process {process.pid} is gone"


def answers(*held: Holder | None) -> tuple[Callable[[str | None], Mapping[str, Any]], list[str | None]]:
    """A host that refuses on behalf of these, one after the other, and what it was asked."""
    asked: list[str | None] = []
    coming: Iterator[Holder | None] = iter(held)

    def ask(instead_of: str | None) -> Mapping[str, Any]:
        asked.append(instead_of)
        holder = next(coming)
        return {"held": asdict(holder) if holder else None}

    return ask, asked


def test_a_free_lock_is_taken() -> None:
    ask, asked = answers(None)
    assert take(ask, MINE, "host1") == ({"held": None}, None)
    assert asked == [None]


def test_a_stale_lock_is_taken_over_and_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "over", lambda held, mine: "process 10 is gone")
    ask, asked = answers(other(), None)
    _answer, note = take(ask, MINE, "host1")
    assert asked == [None, "run-a"]
    assert note == (
        "lock taken over from ann on ctl: kolla-lite deploy (process 10), since 2026-11-24T04:00:00: process 10 is gone"
    )


def test_an_earlier_run_is_not_waited_for() -> None:
    ask, asked = answers(other(machine="machine-2", boot="boot-2", controller="elsewhere"))
    with pytest.raises(UserError) as caught:
        take(ask, MINE, "host1")
    assert str(caught.value).splitlines() == [
        "host1: locked by ann on elsewhere: kolla-lite deploy (process 10), since 2026-11-24T04:00:00",
        "  remedy: wait until it is done; where that run is certainly over, `kolla-lite unlock`",
    ]
    assert caught.value.exit_code == 2
    assert asked == [None]


def test_of_two_that_hold_a_part_each_the_later_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "POLL_SECONDS", 0)
    early = other(controller="elsewhere", boot="boot-2")
    late = replace(MINE, run="run-c", since="2026-11-24T04:00:01")
    ask, _asked = answers(late, late, None)
    assert take(ask, early, "host2")[0] == {"held": None}
    with pytest.raises(UserError, match="locked by"):
        take(answers(early)[0], late, "host1")


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", -1)
    with pytest.raises(UserError, match="locked by"):
        take(answers(other(boot="boot-2", controller="elsewhere", since="2026-11-24T05:00:00"))[0], MINE, "host1")


def test_a_host_gives_its_lock_to_one_run(tmp_path: Path) -> None:
    folder = str(tmp_path / "state")
    first, second, third = ({"run": run, "cloud": "a"} for run in "123")
    assert held_by.read(folder) is None
    assert held_by.take(first, folder=folder) is None
    assert held_by.take(first, folder=folder) is None  # again, by the same
    assert held_by.take(second, folder=folder) == first
    assert held_by.take(second, instead_of="1", folder=folder) is None
    assert held_by.take(third, instead_of="1", folder=folder) == second  # somebody was faster
    assert not held_by.release(["1"], folder)
    assert held_by.release(["1", "2"], folder)
    assert held_by.read(folder) is None
    assert not held_by.release(["2"], folder)
    assert not held_by.release(["2"], str(tmp_path / "none"))


def test_a_host_belongs_to_one_cloud_until_its_data_are_gone(tmp_path: Path) -> None:
    folder = str(tmp_path / "state")
    assert held_by.owner(folder) is None
    assert held_by.take({"run": "1", "cloud": "a"}, folder=folder) is None
    assert held_by.release(["1"], folder)
    refused = held_by.take({"run": "2", "cloud": "b"}, instead_of="1", folder=folder)
    assert refused == {"cloud": "a"}
    assert held_by.read(folder) is None
    with pytest.raises(UserError, match="belongs to another cloud"):
        take(lambda _instead_of: {"held": refused}, MINE, "host1")
    held_by.disown(folder)
    held_by.disown(folder)
    assert held_by.take({"run": "2", "cloud": "b"}, folder=folder) is None
    assert held_by.owner(folder) == "b"


def test_of_many_at_once_one_has_it(tmp_path: Path) -> None:
    program = f"""
import json, sys
sys.path.insert(0, {str(paths.ANSIBLE / "collections")!r})
from ansible_collections.kolla_lite.core.plugins.module_utils import lock
print(json.dumps(lock.take({{"run": sys.argv[1], "cloud": "a"}}, folder={str(tmp_path)!r})))
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(8)
    ]
    told = [json.loads(process.communicate()[0]) for process in processes]
    assert told.count(None) == 1
    assert {holder["run"] for holder in told if holder} == {str(told.index(None))}
