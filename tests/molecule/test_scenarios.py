"""Molecule's scenarios, on containers as hosts: converge, converge again without a change, verify.

`pytest tests/molecule -k host` runs one. The machines live as long as their test; Molecule is told where they are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.e2e.machines import Machines

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

UNUSED = ("keystone", "haproxy", "rabbitmq", "memcached", "toolbox", "registry")

pytestmark = pytest.mark.e2e


def molecule(scenario: str, inventory: Path, folder: Path) -> None:
    """Run a scenario; `folder` takes its traces. AssertionError when it fails; its output is on standard output, as it comes."""
    environment = os.environ | {
        "KOLLA_LITE_TEST_ROOT": str(ROOT),
        "KOLLA_LITE_TEST_INVENTORY": str(inventory),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(folder / "molecule"),  # what it knows goes with the machines
        "MOLECULE_GLOB": str(HERE / "*/molecule.yml"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = [
        sys.executable,
        "-m",
        "molecule",
        "--base-config",
        HERE / "config.yml",
        "test",
        "--scenario-name",
        scenario,
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, f"scenario {scenario} failed"


def kolla_lite(*arguments: str | Path) -> None:
    """Run a command of kolla-lite. CalledProcessError when it fails."""
    subprocess.run([sys.executable, "-m", "kolla_lite", *arguments], cwd=ROOT, check=True)


def test_host(tmp_path: Path) -> None:
    """Fresh Debian machines with and without systemd become hosts."""
    hosts = {}
    with ExitStack() as stack:
        for name in ("plain", "systemd"):
            folder = tmp_path / name
            folder.mkdir()
            machines = stack.enter_context(Machines(folder, count=1, engine=False, systemd=name == "systemd"))
            machine = machines["host1"]
            hosts[name] = {
                "ansible_host": machine.address,
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(folder / "key"),
                "ansible_ssh_common_args": f"-o UserKnownHostsFile={folder}/known_hosts",
                "host_insecure_registries": ["192.0.2.2:4000"],
                "host_sysctls": {"net.ipv4.ip_nonlocal_bind": 1},
            }
        inventory = tmp_path / "machines.yaml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        molecule("host", inventory, tmp_path)


def test_service(tmp_path: Path) -> None:
    """The generic role brings one service to its declaration, and back to it when somebody changed the host."""
    cloud = tmp_path / "cloud"
    kolla_lite("init", "--config", cloud)
    (cloud / "globals.yml").write_text(yaml.safe_dump({"profile": "minimal", "services": dict.fromkeys(UNUSED, False)}))
    kolla_lite("build", "--config", cloud, "mariadb")
    with Machines(tmp_path, count=1) as machines:
        machines.write_hosts(cloud / "hosts.yml")
        molecule("service", cloud / "hosts.yml", tmp_path)
