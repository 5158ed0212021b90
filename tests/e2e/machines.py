"""Containers as hosts: a network of Debian machines with SSH, and engines of their own, on one Docker engine.

    with Machines(folder, count=2, engine=True) as machines:
        machines.write_hosts(folder / "hosts.yml")
        machines["host1"].run("docker info")

By hand: `python3 tests/e2e/machines.py FOLDER 2` writes FOLDER/hosts.yml and keeps the machines until Enter is pressed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import yaml

HERE = Path(__file__).parent
DEBIAN = os.environ.get("KOLLA_LITE_TEST_DEBIAN", "kolla-lite/debian:2026.1")
LABEL = "kolla-lite-test.machines"
DEFAULT_ROLES = (("control", "network", "compute", "storage"), ("control", "compute"))


def docker(*arguments: str, check: bool = True) -> str:
    """Run the client of the outer engine; its output. AssertionError with the output when it fails."""
    done = subprocess.run(["docker", *arguments], check=False, text=True, capture_output=True, timeout=900)
    assert done.returncode == 0 or not check, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def until(what: str, seconds: float, attempt: Sequence[str]) -> None:
    """Repeat a command until it succeeds. AssertionError with its output after so many seconds."""
    end = time.monotonic() + seconds
    while (done := subprocess.run(attempt, check=False, text=True, capture_output=True, timeout=60)).returncode:
        assert time.monotonic() < end, f"{what} not within {seconds} s:\n{done.stdout}{done.stderr}"
        time.sleep(0.3)


@dataclass(frozen=True)
class Machine:
    """One host: its name in hosts.yml, its address, the container that it is, and how SSH reaches it."""

    name: str
    address: str
    container: str
    ssh: tuple[str, ...]

    def run(self, command: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a shell command as root over SSH. AssertionError with the output when it fails and `check` is set."""
        done = subprocess.run(
            [*self.ssh, command], check=False, text=True, capture_output=True, input=stdin, timeout=600
        )
        assert done.returncode == 0 or not check, f"{self.name}: {command}\n{done.stdout}{done.stderr}"
        return done

    def wait(self, engine: bool) -> None:
        """Wait until SSH answers and, with `engine`, the nested engine."""
        until(f"{self.name}: SSH", 60, [*self.ssh, "true"])
        if engine:
            until(f"{self.name}: the engine", 60, [*self.ssh, "docker info"])

    def start_engine(self) -> None:
        """Start an installed engine, by its unit under systemd, and wait for it."""
        by_hand = "setsid dockerd </dev/null >/var/log/dockerd.log 2>&1 &"
        self.run(f"if [ -d /run/systemd/system ]; then systemctl start docker; else {by_hand} fi")
        self.wait(engine=True)

    def load(self, image: str) -> None:
        """Copy an image of the outer engine to the nested one."""
        pipe = 'docker save "$0" | "$@" docker load'
        subprocess.run(
            ["bash", "-o", "pipefail", "-c", pipe, image, *self.ssh], check=True, capture_output=True, timeout=600
        )

    def power_off(self) -> None:
        docker("stop", "--time", "20", self.container)

    def power_on(self, engine: bool = True) -> None:
        """Boot again, with the same address and disks, and wait for SSH and, with `engine`, the nested engine."""
        docker("start", self.container)
        self.wait(engine)


class Machines:
    """Machines host1, host2 … on a network of their own; gone, with network and volumes, after the `with` block.

    `folder` takes the SSH key and known_hosts. With `engine`, Docker is installed and running in each; without, it is
    as a fresh Debian. With `systemd`, PID 1 is systemd and units manage SSH and the engine.
    """

    def __init__(self, folder: Path, count: int = 2, engine: bool = True, systemd: bool = False) -> None:
        self.folder = folder
        self.count = count
        self.engine = engine
        self.systemd = systemd
        self.label = f"{LABEL}={os.getpid()}"
        self.prefix = f"kolla-lite-test-{os.getpid()}-{id(self) % 10000:04}"
        self.machines: dict[str, Machine] = {}

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    def __iter__(self) -> Iterator[Machine]:
        return iter(self.machines.values())

    def __enter__(self) -> Machines:
        sweep()
        try:
            image = build(("engine" if self.engine else "bare") + ("-systemd" if self.systemd else ""))
            key = self._make_key()
            subnet = self._make_network()
            for number in range(1, self.count + 1):
                self._start(image, f"host{number}", f"{subnet}.{10 + number}", key)
            for machine in self:
                machine.wait(self.engine)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the machines, their volumes and their network, whichever of them there are."""
        for container in docker("ps", "--all", "--quiet", "--filter", f"name=^{self.prefix}").split():
            docker("rm", "--force", "--volumes", container, check=False)
        docker("network", "rm", self.prefix, check=False)

    def write_hosts(self, path: Path, roles: Mapping[str, Sequence[str]] | None = None) -> Path:
        """Write a hosts.yml for kolla-lite. Without `roles` the first machine has all of them, the others two."""
        ssh = {"user": "root", "key": str(self.folder / "key"), "options": self._ssh_options()}
        hosts = {
            machine.name: {
                "address": machine.address,
                "roles": list(roles[machine.name] if roles else DEFAULT_ROLES[min(index, 1)]),
                "ssh": ssh,
            }
            for index, machine in enumerate(self)
        }
        path.write_text(yaml.safe_dump({"hosts": hosts}, sort_keys=False), encoding="utf-8")
        return path

    def _ssh_options(self) -> dict[str, str]:
        return {"StrictHostKeyChecking": "accept-new", "UserKnownHostsFile": str(self.folder / "known_hosts")}

    def _make_key(self) -> Path:
        key = self.folder / "key"
        for old in (key, self.folder / "key.pub", self.folder / "known_hosts"):
            old.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(key)], check=True)
        return key

    def _make_network(self) -> str:
        """Make the network on the first free subnet; the first three numbers of its addresses."""
        problem: AssertionError | None = None
        for number in range(32):
            subnet = f"10.77.{number}"
            try:
                docker("network", "create", "--label", self.label, "--subnet", f"{subnet}.0/24", self.prefix)
            except AssertionError as error:
                problem = error
            else:
                return subnet
        raise AssertionError(f"no subnet of 10.77.0.0/19 is free: {problem}")

    def _start(self, image: str, name: str, address: str, key: Path) -> None:
        container = f"{self.prefix}-{name}"
        where = [
            "--network",
            self.prefix,
            "--ip",
            address,
            "--hostname",
            name,
            "--name",
            container,
            "--label",
            self.label,
        ]
        # Not --privileged: the engine's own machine may lack SYS_RESOURCE.
        might = ["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE"]
        might += [f"--security-opt={what}=unconfined" for what in ("seccomp", "apparmor", "systempaths")]
        might += [f"--device={path}" for path in ("/dev/kvm", "/dev/net/tun") if Path(path).exists()]
        # Never the outer cgroup tree: systemd would rearrange it, and a nested engine leave its groups behind.
        boot = ["--cgroupns", "private", "--tmpfs", "/run:exec", "--tmpfs", "/run/lock", "--env", "container=docker"]
        docker("run", "--detach", *where, *might, *boot, image)
        docker("exec", container, "install", "-d", "-m", "0700", "/root/.ssh")
        docker("cp", f"{key}.pub", f"{container}:/root/.ssh/authorized_keys")
        docker("exec", container, "chown", "root:root", "/root/.ssh/authorized_keys")
        options = [part for name, value in self._ssh_options().items() for part in ("-o", f"{name}={value}")]
        ssh = ("ssh", "-i", str(key), "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", *options, f"root@{address}")
        self.machines[name] = Machine(name, address, container, ssh)


def build(target: str) -> str:
    """Build the image of such a host on the project's own Debian image; its name."""
    if not docker("image", "ls", "--quiet", DEBIAN):
        subprocess.run([sys.executable, "-m", "kolla_lite", "build", "debian"], check=True, timeout=900)
    tag = f"kolla-lite-test/host:{target}"
    docker("build", "--quiet", "--build-arg", f"DEBIAN={DEBIAN}", "--target", target, "--tag", tag, str(HERE / "hosts"))
    return tag


def sweep() -> None:
    """Remove what killed test runs left behind; not what belongs to a process that still runs."""
    form = f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}'
    for listing, removal in (
        (["ps", "--all"], ["rm", "--force", "--volumes"]),
        (["network", "ls"], ["network", "rm"]),
    ):
        for line in docker(*listing, "--filter", f"label={LABEL}", "--format", form).splitlines():
            identity, pid = line.split()
            if not Path(f"/proc/{pid}").exists():
                docker(*removal, identity, check=False)


def main(folder: str, count: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    with Machines(Path(folder).resolve(), int(count)) as machines:
        print(f"{machines.write_hosts(Path(folder) / 'hosts.yml')} names the machines; Enter removes them")
        for machine in machines:
            print(" ".join(machine.ssh))
        input()


if __name__ == "__main__":
    main(*sys.argv[1:])
