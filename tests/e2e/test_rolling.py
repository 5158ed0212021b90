"""Changes of a running cloud by more than one run, and by runs that fail or are killed: locks, and replicas in rotation."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from clouds import Cloud, containers
from machines import Machines, until
from test_two_hosts import connect, eventually, rotation, stream

pytestmark = pytest.mark.e2e

BOTH = {"host1": "UP", "host2": "UP"}
LOCK, OWNER = "/var/lib/kolla-lite/lock.json", "/var/lib/kolla-lite/cloud"
ELSEWHERE = {
    "run": "0", "since": "2026-01-01T00:00:00.000+00:00", "user": "ann", "command": "kolla-lite deploy", "pid": 1,
    "controller": "elsewhere", "machine": "another", "boot": "another", "processes": "another", "started": "1",
}  # fmt: skip


def start(cloud: Cloud, *arguments: str, temporary: Path | None = None) -> subprocess.Popen[str]:
    """Begin a command of kolla-lite as `Cloud.call` would, both its outputs in one."""
    environment = {
        "PYTHONPATH": str(cloud.tree),
        "KOLLA_LITE_CONFIG": str(cloud.directory),
        "ANSIBLE_CONFIG": str(cloud.tree / "ansible/ansible.cfg"),
        "TMPDIR": str(temporary or cloud.temporary),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "kolla_lite", *arguments],
        cwd=cloud.directory, env=os.environ | environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def option(cloud: Cloud) -> Iterator[Path]:
    """Where these tests change an option of keystone; after the last the cloud is as it was before, and whole."""
    path = cloud.directory / "config" / "keystone.conf"
    before = path.read_text() if path.exists() else ""
    cloud.write("config/keystone.conf", before)
    yield path
    path.write_text(before)
    cloud.run("deploy")
    eventually("both are in rotation", 30, lambda: rotation(cloud) == BOTH)


def locked(machines: Machines) -> list[str]:
    return [machine.name for machine in machines if not machine.run(f"test -e {LOCK}", check=False).returncode]


def test_a_lock_of_another_controller_is_respected_and_explained(
    cloud: Cloud, two_hosts: Machines, option: Path
) -> None:
    elsewhere = ELSEWHERE | {"cloud": two_hosts["host2"].run(f"cat {OWNER}").stdout.strip()}
    two_hosts["host2"].run(f"echo {shlex.quote(json.dumps(elsewhere))} >{LOCK}")
    option.write_text("[token]\nexpiration = 4200\n")
    before = containers(two_hosts["host1"])["keystone"]["Id"]
    assert cloud.json("plan", code=3)["steps"]
    text = "host2: locked by ann on elsewhere: kolla-lite deploy (process 1), since 2026-01-01T00:00:00.000+00:00"
    assert text in cloud.run("deploy", code=2)
    assert containers(two_hosts["host1"])["keystone"]["Id"] == before
    assert locked(two_hosts) == ["host2"]
    assert cloud.json("unlock")["held"] == {"host2": elsewhere}
    assert "unlocked 1 hosts" in cloud.run("unlock", "--yes")
    assert locked(two_hosts) == []


def test_of_two_runs_at_once_one_changes_the_cloud(
    cloud: Cloud, two_hosts: Machines, option: Path, tmp_path: Path
) -> None:
    """The other is refused, or, when it began earlier and so waited for the lock, finds everything done."""
    option.write_text("[token]\nexpiration = 4300\n")
    shutil.copytree(cloud.directory, tmp_path / "cloud")
    other = replace(cloud, directory=tmp_path / "cloud")
    other.temporary.mkdir()
    runs = [start(cloud, "deploy"), start(other, "deploy")]
    said = [run.communicate(timeout=600)[0] for run in runs]
    ends = [(run.returncode, text) for run, text in zip(runs, said, strict=True)]
    changed = [end for end in ends if end[0] == 0 and "done: 4 changes" in end[1]]
    assert len(changed) == 1, said
    ends.remove(changed[0])
    code, text = ends[0]
    assert (code == 2 and "locked by" in text) or (code == 0 and "nothing to change" in text), said
    assert locked(two_hosts) == []
    assert cloud.json("plan")["steps"] == []


def test_a_run_that_begins_later_is_refused(cloud: Cloud, two_hosts: Machines, option: Path, tmp_path: Path) -> None:
    option.write_text("[token]\nexpiration = 4350\n")
    first = start(cloud, "deploy", temporary=tmp_path)
    eventually("the first has its locks", 120, lambda: len(locked(two_hosts)) == 2)
    assert f"(process {first.pid})" in cloud.run("deploy", code=2)
    assert "done: 4 changes" in first.communicate(timeout=600)[0]
    assert first.returncode == 0


def test_what_a_killed_run_left_is_taken_over_and_brought_back(
    cloud: Cloud, two_hosts: Machines, option: Path, tmp_path: Path
) -> None:
    option.write_text("[token]\nexpiration = 4400\n")
    run = start(cloud, "deploy", "keystone", temporary=tmp_path)
    eventually("host1 leaves rotation", 300, lambda: rotation(cloud)["host1"] != "UP")
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)
    left = [path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert left
    assert not [secret for secret in cloud.secrets() if any(secret in text for text in left)]
    assert "host1" in locked(two_hosts)
    steps = cloud.json("plan", code=3)["steps"]
    assert ("replica", "keystone/host1", "bring back") in {(s["kind"], s["name"], s["action"]) for s in steps}
    assert connect(cloud).session.get_token()
    said = cloud.run("deploy")
    assert f"(process {run.pid})" in said
    assert f"process {run.pid} is gone" in said
    assert rotation(cloud) == BOTH
    assert locked(two_hosts) == []
    assert cloud.json("plan")["steps"] == []


def test_a_replica_that_fails_stops_the_roll_while_the_other_serves(
    cloud: Cloud, two_hosts: Machines, option: Path
) -> None:
    before = containers(two_hosts["host2"])["keystone"]["Id"]
    option.write_text("[DEFAULT]\nlog_config_append = /nonexistent\n")
    with stream(cloud) as results:
        said = cloud.run("deploy", code=1)
    assert set(results) == {"token"}
    assert "container keystone" in said
    assert "it is kept for inspection" in said
    assert "/nonexistent" in said
    assert containers(two_hosts["host2"])["keystone"]["Id"] == before
    assert rotation(cloud)["host1"].startswith("DOWN")
    assert rotation(cloud)["host2"] == "UP"
    assert locked(two_hosts) == []


def test_the_load_balancer_takes_changes_without_a_restart(cloud: Cloud, two_hosts: Machines) -> None:
    path = cloud.directory / "config" / "haproxy.cfg"
    before = containers(two_hosts["host1"])["haproxy"]["Id"]
    text = two_hosts["host1"].run("cat /etc/kolla/haproxy/haproxy.cfg").stdout
    path.write_text(text.replace("timeout client 60s", "timeout client 70s"))
    with stream(cloud) as results:
        steps = cloud.json("deploy", "haproxy")["steps"]
        time.sleep(2)
    assert [(s["kind"], s["name"], s["action"], s["interrupts"]) for s in steps] == [
        ("file", "/etc/kolla/haproxy/haproxy.cfg", "write", "nothing"),
        ("container", "haproxy", "reload", "nothing"),
    ]
    assert set(results) == {"token"}
    path.write_text(text.replace("mode http", "mode mistaken"))
    said = cloud.run("deploy", "haproxy", code=1)
    assert "haproxy refuses its new configuration and keeps the old one" in said
    assert "mistaken" in said
    assert "timeout client 70s" in two_hosts["host1"].run("cat /etc/kolla/haproxy/haproxy.cfg").stdout
    path.unlink()
    cloud.run("deploy", "haproxy")
    assert containers(two_hosts["host1"])["haproxy"]["Id"] == before

    # Nor does the engine take it for stopped by hand: it starts it when it crashes, and with the machine.
    host, process = two_hosts["host1"], containers(two_hosts["host1"])["haproxy"]["State"]["Pid"]
    host.run(f"kill -KILL {process}")
    until("haproxy is back", 30, [*host.ssh, "docker exec haproxy true"])
