"""The machines that the other end-to-end tests run on are what they claim to be."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from machines import Machines, docker

BASE = "kolla-lite/base:2026.1"

pytestmark = pytest.mark.e2e


def test_two_hosts_with_engines_of_their_own(two_hosts: Machines, tmp_path: Path) -> None:
    for machine in two_hosts:
        machine.load(BASE)
        assert (
            machine.run(f"docker run --rm --network host --cap-drop ALL {BASE} hostname").stdout.strip() == machine.name
        )
        assert machine.run(f"docker run --rm {BASE} id -u").stdout.strip() == "0"
    assert two_hosts["host1"].run(f"ping -c 1 -W 2 {two_hosts['host2'].address}")
    hosts = yaml.safe_load(two_hosts.write_hosts(tmp_path / "hosts.yml").read_text())["hosts"]
    assert {name: host["address"] for name, host in hosts.items()} == {host.name: host.address for host in two_hosts}


def test_a_host_comes_back_with_its_containers(two_hosts: Machines) -> None:
    host = two_hosts["host2"]
    host.load(BASE)
    host.run(f"docker run --detach --restart unless-stopped --name stays {BASE} sleep infinity")
    host.power_off()
    assert subprocess.run([*host.ssh, "-o", "ConnectTimeout=1", "true"], check=False).returncode
    host.power_on()
    assert host.run("docker inspect --format '{{.State.Running}}' stays").stdout.strip() == "true"
    host.run("docker rm --force stays")


def test_a_fresh_debian_has_no_engine_and_can_install_one(tmp_path: Path) -> None:
    with Machines(tmp_path, count=1, engine=False) as machines:
        host = machines["host1"]
        assert host.run("command -v docker || test -d /run/systemd/system", check=False).returncode
        host.run(
            "apt-get update -qq && apt-get install -qq --no-install-recommends --simulate docker.io python3-docker"
        )


def test_systemd_manages_the_engine(tmp_path: Path) -> None:
    with Machines(tmp_path, count=1, engine=True, systemd=True) as machines:
        host = machines["host1"]
        assert host.run("ps -o comm= 1; systemctl is-active ssh docker").stdout.split() == [
            "systemd",
            "active",
            "active",
        ]
        host.load(BASE)
        host.run(f"docker run --detach --restart unless-stopped --name stays --network host {BASE} sleep infinity")
        host.run("systemctl stop docker.socket docker")
        assert host.run("docker info", check=False).returncode
        host.start_engine()
        host.power_off()
        host.power_on()
        assert host.run("docker inspect --format '{{.State.Running}}' stays").stdout.strip() == "true"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Machines(tmp_path, count=1, engine=False) as machines:
        prefix, container = machines.prefix, machines["host1"].container
        volumes = docker("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", container).split()
        raise RuntimeError("the test failed")
    assert not docker("ps", "--all", "--quiet", "--filter", f"name={prefix}")
    assert not docker("network", "ls", "--quiet", "--filter", f"name={prefix}")
    assert not set(volumes) & set(docker("volume", "ls", "--quiet").split())
