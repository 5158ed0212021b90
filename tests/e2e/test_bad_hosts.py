"""Hosts that cannot carry what is asked are refused before anything changes: a sentence, a remedy, exit code 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import yaml
from clouds import Cloud, cloud_of, copy_of_the_tree, state
from machines import Machine, Machines

from kolla_lite.errors import UserError

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One good host, and a copy of the tree that a test may change."""
    folder: Path = tmp_path_factory.mktemp("bad-hosts")
    tree = copy_of_the_tree(folder)
    roles = {"host1": ["control", "network", "compute", "storage"]}
    with (
        Machines(folder, count=1, engine=True) as machines,
        cloud_of(folder, machines, roles, tree) as made,
    ):
        made.run("bootstrap")
        yield made


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """A file of the controller with one text replaced."""
    before = path.read_text()
    assert before.count(old) == 1
    path.write_text(before.replace(old, new))
    try:
        yield
    finally:
        path.write_text(before)


@contextmanager
def on_host(host: Machine, do: str, undo: str) -> Iterator[None]:
    host.run(do)
    try:
        yield
    finally:
        host.run(undo)


def declaration(cloud: Cloud, old: str, new: str) -> AbstractContextManager[None]:
    return changed(cloud.tree / "ansible/roles/mariadb/service.yml", old, new)


@contextmanager
def port_taken(cloud: Cloud) -> Iterator[None]:
    program = "import socket, time; s = socket.create_server(('', 3306)); time.sleep(600)"
    host = cloud.machines["host1"]
    host.run(f'setsid python3 -c "{program}" </dev/null >/dev/null 2>&1 & echo $! > /run/taker; sleep 0.5')
    try:
        yield
    finally:
        host.run("kill $(cat /run/taker)")


@contextmanager
def without_kvm(cloud: Cloud) -> Iterator[None]:
    """A host that emulates processors, and globals.yml that will not have it."""
    path = cloud.directory / "globals.yml"
    decided = changed(path, "profile: minimal\n", "profile: compute\ncompute: {virtualisation: kvm}\n")
    hidden = on_host(
        cloud.machines["host1"],
        "[ ! -e /dev/kvm ] || mv /dev/kvm /dev/away",
        "[ ! -e /dev/away ] || mv /dev/away /dev/kvm",
    )
    with decided, hidden:
        yield


@contextmanager
def without_engine(cloud: Cloud) -> Iterator[None]:
    host = cloud.machines["host1"]
    host.run("kill $(cat /var/run/docker.pid); while [ -e /var/run/docker.pid ]; do sleep 0.1; done")
    try:
        yield
    finally:
        host.start_engine()


@contextmanager
def another_host_away(cloud: Cloud) -> Iterator[None]:
    path = cloud.directory / "hosts.yml"
    before = path.read_text()
    hosts = yaml.safe_load(before)["hosts"]
    nowhere = hosts["host1"]["address"].rpartition(".")[0] + ".250"
    hosts["away"] = {**hosts["host1"], "address": nowhere, "roles": ["control"]}
    path.write_text(yaml.safe_dump({"hosts": hosts}))
    try:
        yield
    finally:
        path.write_text(before)


CASES: dict[str, tuple[Callable[[Cloud], AbstractContextManager[None]], str, str]] = {
    "unreachable": (another_host_away, "away: the host cannot be reached", "check address, user and key in hosts.yml"),
    "port": (port_taken, "host1: port 3306, which mariadb needs, is taken by python3", "stop python3"),
    "memory": (
        lambda cloud: declaration(cloud, "memory_mb: 512", "memory_mb: 100000000"),
        "host1: too little memory: 100000",
        "add memory, or move services to other hosts",
    ),
    "disk": (
        lambda cloud: declaration(cloud, "disk_mb: 1024", "disk_mb: 100000000"),
        "host1: too little disk: 100000",
        "add disk, or move services to other hosts",
    ),
    "virtualisation": (
        without_kvm,
        "globals.yml:2:11: compute.virtualisation cannot be kvm on host1: there is no /dev/kvm",
        "switch virtualisation on",
    ),
    "engine-absent": (without_engine, "host1: the Docker engine does not answer", "kolla-lite bootstrap"),
    "sdk-absent": (
        lambda cloud: on_host(
            cloud.machines["host1"],
            "mv /usr/lib/python3/dist-packages/docker /root/sdk",
            "mv /root/sdk /usr/lib/python3/dist-packages/docker",
        ),
        "host1: python3-docker is not installed on the host",
        "kolla-lite bootstrap",
    ),
    "distribution": (
        lambda cloud: on_host(
            cloud.machines["host1"],
            "cp --remove-destination $(readlink -f /etc/os-release) /etc/os-release && sed -i s/debian/plan9/ /etc/os-release",
            "ln -sf ../usr/lib/os-release /etc/os-release",
        ),
        "host1: the distribution 'plan9 13' is not supported",
        "use one of: debian 12, debian 13",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_and_nothing_changes(cloud: Cloud, name: str) -> None:
    make, message, remedy = CASES[name]
    host = cloud.machines["host1"]
    before = state(host)
    with make(cloud):
        said = cloud.run("deploy", code=2)
        errors = cloud.json("precheck", code=2)["errors"]
    assert message in said
    assert f"remedy: {remedy}" in said
    assert "Traceback" not in said
    assert any(message in str(UserError.from_dict(error)) for error in errors)
    assert state(host) == before


def test_a_host_that_is_mended_is_accepted(cloud: Cloud) -> None:
    assert cloud.json("precheck")["choices"] == []  # for nothing here depends on processor or kernel
