"""No generated secret is anywhere but in files that only their owner reads.

A secret of the test's own, put where each search looks, shows that the search would find one.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from clouds import Cloud, containers
from machines import Machine, Machines

pytestmark = pytest.mark.e2e
CONTROL = "positive-control-" + "x7Qm2LrT9vKs"

# What each search on a host looks through; patterns are in a file that only root reads.
PROCESSES = "ls -d /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\n' '\\0'"
READABLE = (
    "find / -xdev \\( -path /proc -o -path /sys -o -path /usr -o -path /var/lib/docker \\) -prune"
    " -o -type f -perm -o=r -size -1024k -print0"
)
LEFT = "find /tmp /var/tmp /root/.ansible /var/log -xdev -type f -print0"
PATTERNS = "/run/kolla-lite-test-patterns"


def grep(machine: Machine, listing: str, patterns: list[str]) -> list[str]:
    """Those of the files listed on a host that hold a pattern."""
    search = f"{listing} 2>/dev/null | xargs -0 grep -slFa -f {PATTERNS}; rm {PATTERNS}"
    done = machine.run(f"umask 077; cat > {PATTERNS}; {search}", stdin="\n".join(patterns) + "\n")
    return done.stdout.split()


def held(text: str, secrets: list[str]) -> list[int]:
    """Which secrets a text holds, by number, so that a failing test does not print them."""
    return [number for number, secret in enumerate(secrets) if secret in text]


def shown_here(secrets: list[str]) -> Iterator[str]:
    """Files of processes on the controller that show a secret to others."""
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            with suppress(OSError):  # it has ended
                if held((process / name).read_bytes().decode(errors="replace"), secrets):
                    yield str(process / name)


@pytest.fixture(scope="module")
def secrets(cloud: Cloud) -> list[str]:
    found = cloud.secrets()
    assert len(found) > 5
    assert min(map(len, found)) >= 16
    return found


def test_what_the_command_line_says(cloud: Cloud, secrets: list[str]) -> None:
    cloud.run("deploy", "-vvv")
    cloud.run("plan", "--json", "-v")
    said = "\n".join(cloud.said)
    assert "host1" in said
    assert held(said, secrets) == []
    assert held(said + secrets[3], secrets) == [3]


def test_what_is_left_on_the_controller(cloud: Cloud, secrets: list[str]) -> None:
    def holders() -> list[Path]:
        folders = [cloud.temporary, cloud.directory.parent, Path.home() / ".ansible", Path.home() / ".local/state"]
        files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
        return sorted(path for path in files if held(path.read_bytes().decode(errors="replace"), secrets))

    private = {cloud.directory / "passwords.yml", cloud.directory / "clouds.yaml"}
    assert set(holders()) == private
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert [path for path in cloud.temporary.rglob("*") if path.is_file()] == []


def test_images_and_containers_as_the_engine_shows_them(cloud: Cloud, two_hosts: Machines, secrets: list[str]) -> None:
    for machine in two_hosts:
        shown = machine.run(
            "for i in $(docker images --quiet | sort -u); do docker history --no-trunc $i; docker inspect $i; done;"
            " docker ps --all --quiet | xargs docker inspect; docker volume ls --quiet | xargs --no-run-if-empty docker volume inspect"
        ).stdout
        assert "kolla_lite.spec" in shown
        assert held(shown, secrets) == []


def test_what_containers_and_jobs_print(cloud: Cloud, two_hosts: Machines, secrets: list[str]) -> None:
    for machine in two_hosts:
        for name in containers(machine):
            assert held(machine.run(f"docker logs {name} 2>&1").stdout, secrets) == [], name


@pytest.mark.parametrize(
    ("listing", "plant"),
    [
        (PROCESSES, f"setsid env A={CONTROL} sleep 20 >/dev/null 2>&1 </dev/null &"),
        (PROCESSES, f"setsid sh -c 'sleep 20; : {CONTROL}' >/dev/null 2>&1 </dev/null &"),
        (READABLE, f"umask 022; echo {CONTROL} > /srv/control"),
        (LEFT, f"umask 077; echo {CONTROL} > /var/tmp/control"),
    ],
    ids=["environment", "arguments", "readable", "left"],
)
def test_hosts(cloud: Cloud, two_hosts: Machines, secrets: list[str], listing: str, plant: str) -> None:
    for machine in two_hosts:
        assert grep(machine, listing, secrets) == []
    host = two_hosts["host2"]
    host.run(plant)
    try:
        assert grep(host, listing, [CONTROL])
    finally:
        host.run("rm -f /srv/control /var/tmp/control")


def test_while_it_deploys(cloud: Cloud, two_hosts: Machines, secrets: list[str]) -> None:
    """Arguments and environments of processes, here and on the hosts, while everything of keystone is done again."""
    for machine in two_hosts:
        machine.run("docker rm --force keystone >/dev/null; rm -r /etc/kolla/keystone")
    two_hosts["host1"].run("docker rm --force keystone_bootstrap keystone_db_sync toolbox >/dev/null")
    found: set[str] = set()
    looks = 0
    with ThreadPoolExecutor(1) as pool:
        deployment = pool.submit(cloud.run, "deploy")
        while not deployment.done():
            looks += 1
            found |= set(shown_here(secrets))
            for machine in two_hosts:
                found |= {f"{machine.name} {name}" for name in grep(machine, PROCESSES, secrets)}
    deployment.result()
    assert looks > 3
    assert found == set()
    assert cloud.json("check")["well"]
