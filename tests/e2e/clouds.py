"""Clouds on containers as hosts: a folder of operator's files, and every word that the command line says about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from machines import Machine, Machines, docker

from kolla_lite.cloud import load_cloud
from kolla_lite.config.secrets import Secrets
from kolla_lite.deploy.images import image_names
from kolla_lite.engine import local
from kolla_lite.service.registry import load_services

ROOT = Path(__file__).parents[2]
_NUMBERS = count(1)


@dataclass
class Cloud:
    """`tree` is the checkout that commands run from, `said` what they printed.

    `namespace` is the first part of the names of its images: names of its own, so that neither a build for somebody
    else nor the end of another cloud changes it.
    """

    directory: Path
    machines: Machines
    tree: Path = ROOT
    namespace: str = field(default_factory=lambda: f"kolla-lite-e2e-{os.getpid()}-{next(_NUMBERS)}")
    said: list[str] = field(default_factory=list)

    @property
    def globals(self) -> str:
        """Its globals.yml: Keystone alone with what it needs, and these images."""
        return f"profile: minimal\nimages: {{namespace: {self.namespace}}}\n"

    @property
    def temporary(self) -> Path:
        """Where commands put what is temporary."""
        return self.directory.parent / "tmp"

    def call(self, *command: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a program as an operator would. AssertionError with what it printed when its exit code is another."""
        environment = {
            "PYTHONPATH": str(self.tree),
            "KOLLA_LITE_CONFIG": str(self.directory),
            "ANSIBLE_CONFIG": str(self.tree / "ansible/ansible.cfg"),
            "TMPDIR": str(self.temporary),
            "COLUMNS": "200",
        }
        done = subprocess.run(
            command, env=os.environ | environment, cwd=self.directory, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        self.said.append(done.stdout + done.stderr)
        assert done.returncode == code, f"{' '.join(command)}: exit code {done.returncode}\n{self.said[-1]}"
        return done

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command of kolla-lite; both its outputs."""
        done = self.call(sys.executable, "-m", "kolla_lite", *arguments, code=code)
        return done.stdout + done.stderr

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command of kolla-lite; what it reports."""
        return json.loads(self.call(sys.executable, "-m", "kolla_lite", *arguments, "--json", code=code).stdout)

    def playbook(self, *arguments: str, code: int = 0) -> str:
        """Run ansible-playbook over the hosts."""
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        return self.call(program, "-i", str(self.directory / "hosts.yml"), *arguments, code=code).stdout

    def write(self, path: str, text: str) -> None:
        """Write an operator's file below the folder."""
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def secrets(self) -> list[str]:
        """The value of every secret; of a keyring every key."""
        services = load_services(self.tree / "ansible/roles")
        return Secrets.load(self.directory / "passwords.yml", services).all_values()


def copy_of_the_tree(folder: Path) -> Path:
    """What commands need of this checkout, in a folder of its own, so that a test may change it."""
    tree = folder / "tree"
    for part in ("kolla_lite", "ansible", "docker", "etc"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


@contextmanager
def cloud_of(
    folder: Path,
    machines: Machines,
    roles: Mapping[str, Sequence[str]] | None = None,
    tree: Path = ROOT,
) -> Iterator[Cloud]:
    """A cloud that is configured, and whose images are built, but not deployed.

    Afterwards the images have their names of before, and the engine here its configuration.
    """
    cloud = Cloud(folder / "cloud", machines, tree)
    cloud.temporary.mkdir()
    cloud.directory.mkdir()
    cloud.run("init", "--profile", "minimal")
    machines.write_hosts(cloud.directory / "hosts.yml", roles)
    names = {name: name.replace("kolla-lite/", f"{cloud.namespace}/") for name in images_of(cloud)}
    cloud.run("build", *(name.split("/")[1].split(":")[0] for name in names))
    for reference, name in names.items():
        docker("tag", reference, name)
    cloud.write("globals.yml", cloud.globals)
    before = local.read_daemon_json()[0]
    try:
        yield cloud
    finally:
        if before:
            local.write(local.DAEMON_JSON, before)
        else:
            local.DAEMON_JSON.unlink(missing_ok=True)
        for name in names.values():
            docker("rmi", name, *(f"{machine.address}:4000/{name}" for machine in machines), check=False)


def images_of(cloud: Cloud) -> list[str]:
    """What the build calls the images that a cloud runs."""
    return sorted(set(image_names(load_cloud(cloud.directory, cloud.tree / "ansible/roles")).values()))


def containers(machine: Machine) -> dict[str, dict[str, Any]]:
    """What the engine of a host says about each container of kolla-lite, by name."""
    ids = machine.run("docker ps --all --quiet --filter label=kolla_lite.spec").stdout.split()
    found = json.loads(machine.run(f"docker inspect {' '.join(ids)}").stdout) if ids else []
    return {container["Name"].lstrip("/"): container for container in found}


def state(machine: Machine) -> str:
    """Everything of a host that a deployment may change, to be compared."""
    return machine.run(
        "docker ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' | sort; docker volume ls --quiet | sort;"
        " docker image ls --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort; find /etc/kolla -printf '%p %m %U %T@\\n' 2>/dev/null | sort"
    ).stdout
