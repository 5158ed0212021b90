"""A deployment that is killed, wherever, harms nothing: the next one ends in the state of one that nobody disturbed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from clouds import Cloud, cloud_of, containers
from machines import Machine, Machines

from kolla_lite.runs.history import Run, find, folders

pytestmark = pytest.mark.e2e
SERVICES = ("mariadb", "memcached", "toolbox")
"""Files, a job, containers and databases: a step of every kind, in little time."""
KILLS = int(os.environ.get("KOLLA_LITE_TEST_KILLS", "6"))
GONE_SECONDS = 10
LONGEST_DELAY = 1.0
"""In seconds: the images, which take longest, stay on the machine."""
RESET = (
    "docker ps --all --quiet --filter label=kolla_lite.spec | xargs --no-run-if-empty docker rm --force --volumes"
    " && docker volume ls --quiet | xargs --no-run-if-empty docker volume rm && rm -rf /etc/kolla"
)


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud on one machine of its own, deployed without disturbance."""
    with (
        Machines(tmp_path_factory.mktemp("machine"), count=1) as machines,
        cloud_of(tmp_path_factory.mktemp("killed"), machines) as made,
    ):
        made.run("bootstrap")
        made.run("deploy", *SERVICES)
        yield made


def end_state(machine: Machine) -> str:
    """What a deployment is for: specs, images and state of containers, what became of jobs, files with modes and owners."""
    found = {
        name: [
            info["Config"]["Labels"]["kolla_lite.spec"],
            info["Image"],
            info["State"]["Status"],
            info["State"]["ExitCode"],
        ]
        for name, info in sorted(containers(machine).items())
    }
    listing = "cd /etc/kolla && find . -printf '%p %y %m %U %G\n' | sort && find . -type f | sort | xargs sha256sum"
    databases = "docker exec mariadb find /var/lib/mysql -mindepth 1 -maxdepth 1 -type d | sort"
    return json.dumps(found, indent=1) + machine.run(listing).stdout + machine.run(databases).stdout


def points(undisturbed: Run) -> list[tuple[int, float]]:
    """When to kill: after so many events, and so many seconds later, in the middle of what comes then."""
    times = [datetime.fromisoformat(event["time"]) for event in undisturbed.events]
    spread = [round(index * (len(times) - 2) / max(KILLS - 1, 1)) for index in range(KILLS)]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return [(index + 1, min(0.4 * gaps[index], LONGEST_DELAY)) for index in spread]


def kill_at(cloud: Cloud, count: int, delay: float) -> None:
    """Begin to deploy; kill the command with SIGKILL when it has recorded so many events, and all of Ansible goes too."""
    known = set(folders(cloud.directory))
    environment = os.environ | {"KOLLA_LITE_CONFIG": str(cloud.directory), "TMPDIR": str(cloud.temporary)}
    command = [sys.executable, "-m", "kolla_lite", "deploy", *SERVICES]
    running = subprocess.Popen(
        command, cwd=cloud.tree, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    )
    while running.poll() is None:
        new = set(folders(cloud.directory)) - known
        if new and len((new.pop() / "events.jsonl").read_bytes().splitlines()) >= count:
            break
        time.sleep(0.02)
    time.sleep(delay)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "it had ended before it could be killed"
    deadline = time.monotonic() + GONE_SECONDS
    while left := ansible(cloud):
        assert time.monotonic() < deadline, f"Ansible goes on unwatched: {left}"
        time.sleep(0.05)


def ansible(cloud: Cloud) -> list[str]:
    """The processes of Ansible that work for this cloud."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if "ansible-playbook" in line and str(cloud.directory) in line:
            found.append(line)
    return found


def test_killed_anywhere_and_deployed_again(lonely: Cloud) -> None:
    host = lonely.machines["host1"]
    undisturbed = find(lonely.directory, "last")
    wanted = end_state(host)
    for number, (count, delay) in enumerate(points(undisturbed)):
        host.run(RESET)
        kill_at(lonely, count, delay)
        killed = find(lonely.directory, "last")
        where = json.dumps(killed.events[-1])[:400]
        assert killed.result == "interrupted", where
        again = ("--resume",) if number % 2 else SERVICES
        said = lonely.run("deploy", *again)
        assert not number % 2 or f"going on with {killed.id}" in said
        lonely.run("plan", *SERVICES, code=0)
        assert end_state(host).splitlines() == wanted.splitlines(), where


def test_nothing_is_left_to_resume(lonely: Cloud) -> None:
    assert "no unfinished run" in lonely.run("deploy", "--resume", code=2)


def test_a_changed_input_is_not_resumed(lonely: Cloud) -> None:
    before = (lonely.directory / "globals.yml").read_text()
    lonely.machines["host1"].run("docker rm --force memcached")
    kill_at(lonely, 2, 0)
    lonely.write("globals.yml", before + "logs: {max_files: 4}\n")
    said = lonely.run("deploy", "--resume", code=2)
    assert "globals.yml: changed since" in said
    lonely.write("globals.yml", before)
    lonely.run("deploy", "--resume")


def test_a_failed_container_is_kept_and_its_last_lines_are_told(lonely: Cloud) -> None:
    host = lonely.machines["host1"]
    lonely.write("config/my.cnf", "[mysqld]\nno_such_option_of_mariadb = 1\n")
    said = lonely.run("deploy", "mariadb", code=1)
    assert "it is kept for inspection" in said
    assert "no_such_option_of_mariadb" in said
    assert "no_such_option_of_mariadb" in host.run("docker logs mariadb 2>&1").stdout
    shown = lonely.json("runs", "show", "last")
    assert shown["result"] == "failed"
    assert [step["name"] for step in shown["steps"] if step["state"] == "failed"] == ["mariadb"]
    assert "no_such_option_of_mariadb" in shown["errors"][0]["message"]
    page = lonely.directory.parent / "report.html"
    lonely.run("runs", "report", "last", "--out", str(page))
    assert "no_such_option_of_mariadb" in page.read_text()
    assert not any(secret in page.read_text() for secret in lonely.secrets())
    (lonely.directory / "config/my.cnf").unlink()
    lonely.run("deploy", *SERVICES)
