"""Replicas out of and into the load balancer's rotation: who is told, and what HAProxy's socket is told."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kolla_lite import paths
from kolla_lite.cloud import Cloud
from kolla_lite.deploy.plan import Step
from kolla_lite.deploy.rotation import gateways, left_out

sys.path.insert(0, str(paths.ANSIBLE / "collections"))
from ansible_collections.kolla_lite.core.plugins.module_utils import balancer

ONE_HOST = "hosts: {ctl1: {address: 10.0.0.11, roles: [control, network]}}\n"


class Balancer(threading.Thread):
    """A stand-in for HAProxy: replicas of one service with status and sessions, and the commands that it was given."""

    def __init__(self, path: Path, **status: str) -> None:
        super().__init__(daemon=True)
        self.status, self.sessions, self.commands = status, dict.fromkeys(status, 0), []
        self.comes_up = True
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.path = str(path)
        self.start()

    def run(self) -> None:
        with suppress(OSError):  # the end of the test
            while True:
                connection, _ = self.socket.accept()
                with connection:
                    connection.sendall(self.answer(connection.recv(1000).decode().strip()).encode())

    def answer(self, command: str) -> str:
        if command == "show stat":
            rows = [f"api,{name},0,{self.sessions[name]},{status}" for name, status in self.status.items()]
            return "\n".join(["# pxname,svname,qcur,scur,status", "api,FRONTEND,,3,OPEN", *rows, "api,BACKEND,0,3,UP"])
        self.commands.append(command)
        words = command.split()
        if words[:2] == ["set", "server"]:
            name = words[2].partition("/")[2]
            if words[3:] == ["state", "drain"]:
                self.status[name] = "DRAIN"
            if words[3:] == ["state", "ready"]:
                self.status[name] = "UP" if self.comes_up else "DOWN"
            return "\n"
        return "\n" if words[0] in ("enable", "disable") else "Unknown command.\n"


@pytest.fixture
def haproxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Balancer]]:
    monkeypatch.setattr(balancer, "TAKEN_OUT", str(tmp_path / "rotation.json"))
    monkeypatch.setattr(balancer, "POLL_SECONDS", 0)
    made: list[Balancer] = []

    def make(**status: str) -> Balancer:
        made.append(Balancer(tmp_path / "admin.sock", **status))
        return made[-1]

    yield make
    for one in made:
        one.socket.close()


def test_a_replica_is_drained_and_comes_back(haproxy: Callable[..., Balancer]) -> None:
    fake = haproxy(ctl1="UP", ctl2="UP 1/3")
    assert balancer.take_out(fake.path, "api", "ctl1", 5) == "taken out of rotation"
    assert fake.commands == [
        "set server api/ctl1 state drain",
        "disable health api/ctl1",
        "set server api/ctl1 health down",
    ]
    assert balancer.taken_out() == ["api/ctl1"]
    fake.commands.clear()
    assert balancer.bring_back(fake.path, "api", "ctl1", 5) == "in rotation"
    assert fake.commands == ["enable health api/ctl1", "set server api/ctl1 state ready"]
    assert balancer.taken_out() == []
    assert balancer.bring_back(fake.path, "api", "ctl1", 5) == "in rotation"
    assert len(fake.commands) == 2


def test_requests_that_do_not_end_are_told(haproxy: Callable[..., Balancer]) -> None:
    fake = haproxy(ctl1="UP", ctl2="UP")
    fake.sessions["ctl1"] = 2
    assert balancer.take_out(fake.path, "api", "ctl1", 0) == "taken out of rotation, 2 requests not finished after 0 s"


@pytest.mark.parametrize("other", ["DOWN", "DRAIN", "MAINT"])
def test_the_last_replica_that_is_up_stays(haproxy: Callable[..., Balancer], other: str) -> None:
    fake = haproxy(ctl1="UP", ctl2=other)
    assert balancer.take_out(fake.path, "api", "ctl1", 5) == "stays in rotation: no other replica is up"
    assert fake.commands == []
    assert balancer.taken_out() == []


def test_a_replica_that_is_not_known(haproxy: Callable[..., Balancer]) -> None:
    fake = haproxy(ctl1="UP")
    assert balancer.take_out(fake.path, "api", "ctl3", 5) == "not known to the load balancer yet"
    assert balancer.bring_back(fake.path, "api", "ctl3", 5) == "not known to the load balancer yet"


def test_a_replica_that_does_not_come_up(haproxy: Callable[..., Balancer]) -> None:
    fake = haproxy(ctl1="UP", ctl2="UP")
    fake.comes_up = False
    balancer.take_out(fake.path, "api", "ctl1", 5)
    with pytest.raises(balancer.BalancerError, match="finds api on ctl1 DOWN"):
        balancer.bring_back(fake.path, "api", "ctl1", 0.1)
    assert balancer.bring_back(fake.path, "api", "ctl1", 0) == "in rotation as soon as it is healthy"


def test_what_haproxy_refuses_is_an_error(haproxy: Callable[..., Balancer]) -> None:
    with pytest.raises(balancer.BalancerError, match="Unknown command"):
        balancer.change(haproxy(ctl1="UP").path, "dance")


def test_the_gateway_has_the_socket() -> None:
    template = paths.ROLES / "haproxy" / "templates" / "haproxy.cfg.j2"
    assert f"stats socket {balancer.SOCKET} " in template.read_text()


def step(service: str, action: str, kind: str = "container") -> Step:
    return Step("ctl2", service, kind, service, action, "some cause")


def test_only_replicas_that_are_replaced_leave_rotation(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud()
    assert gateways(cloud, "ctl2", [step("memcached", "recreate"), step("keystone", "recreate")]) == {
        "keystone": ["ctl1"]
    }
    assert gateways(cloud, "ctl2", [step("keystone", "create"), step("keystone", "write", "file")]) == {}
    assert gateways(make_cloud(hosts=ONE_HOST), "ctl1", [step("keystone", "recreate")]) == {}


def test_what_a_killed_run_left_out_is_brought_back(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud()
    steps = left_out(cloud, "ctl1", {"rotation": ["keystone/ctl2"]})
    assert list(map(str, steps)) == [
        "bring back replica keystone/ctl2: a run that did not finish took it out of rotation"
    ]
    assert gateways(cloud, "ctl1", steps) == {"haproxy": ["ctl1"]}
    assert left_out(cloud, "ctl2", {}) == []
