"""Containers can do what their declarations say and nothing else; nothing in them runs as root, unless declared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clouds import Cloud, containers
from machines import Machine, Machines

from kolla_lite.deploy.desired import container_uid
from kolla_lite.service.declaration import Container, Service
from kolla_lite.service.registry import load_services

pytestmark = pytest.mark.e2e

SERVICES = load_services()
CAPABILITIES = {"NET_BIND_SERVICE": 10, "NET_ADMIN": 12}
"""Numbers of capabilities, Linux include/uapi/linux/capability.h."""


def declared(name: str, found: Mapping[str, Any]) -> tuple[Service, Container]:
    """What a container was made from; a one-shot container is made from its job's container."""
    service = SERVICES[json.loads(found["Config"]["Labels"]["kolla_lite.spec"])["service"]]
    jobs = {f"{service.name}_{job.name}": job.container for job in service.jobs}
    return service, service.container(jobs.get(name, name))


def processes(machine: Machine, container: str) -> list[dict[str, str]]:
    """/proc/PID/status of every process of a container, as the host sees it."""
    script = (
        f"for pid in $(docker top {container} -o pid | tail -n +2); do cat /proc/$pid/status 2>/dev/null && echo; done"
    )
    blocks = machine.run(script).stdout.strip().split("\n\n")
    return [dict(line.split(":\t", 1) for line in block.splitlines() if ":\t" in line) for block in blocks]


def test_the_engine_is_told_the_least(cloud: Cloud, two_hosts: Machines) -> None:
    for machine in two_hosts:
        for name, found in containers(machine).items():
            _service, wanted = declared(name, found)
            host = found["HostConfig"]
            assert not host["Privileged"], name
            assert host["CapDrop"] == ["ALL"], name
            assert sorted(c.removeprefix("CAP_") for c in host["CapAdd"] or []) == sorted(wanted.capabilities), name
            assert "no-new-privileges" in host["SecurityOpt"], name
            assert not [option for option in host["SecurityOpt"] if "unconfined" in option], name
            assert (host["PidMode"], host["IpcMode"], host["UTSMode"]) == ("", "private", ""), name
            assert [device["PathOnHost"] for device in host["Devices"] or []] == wanted.devices, name
            assert "docker.sock" not in str(host["Binds"]), name


def test_no_process_is_root_or_can_become_it(cloud: Cloud, two_hosts: Machines) -> None:
    for machine in two_hosts:
        for name, found in containers(machine).items():
            service, container = declared(name, found)
            allowed = sum(1 << CAPABILITIES[capability] for capability in container.capabilities)
            seen = processes(machine, name) if found["State"]["Running"] else []
            assert seen or not found["State"]["Running"], name
            for process in seen:
                assert set(process["Uid"].split()) == {str(container_uid(service, container))}, (name, process)
                assert process["NoNewPrivs"] == "1", (name, process)
                for kind in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
                    assert int(process[kind], 16) & ~allowed == 0, (name, kind, process)


def test_configuration_is_for_its_service_alone(cloud: Cloud, two_hosts: Machines) -> None:
    for machine in two_hosts:
        owners = {name: container_uid(*declared(name, found)) for name, found in containers(machine).items()}
        listing = machine.run("find /etc/kolla -mindepth 1 -printf '%y %m %U %G %P\\n'").stdout.splitlines()
        assert len(listing) > 5
        for line in listing:
            kind, mode, uid, gid, path = line.split(" ", 4)
            owner = str(owners[Path(path).parts[0]])
            wanted = ("750", "0", owner) if kind == "d" else ("400", owner, owner)
            assert (mode, uid, gid) == wanted, line
