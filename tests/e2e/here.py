"""A cloud on this machine's own engine, used through the command line as its operator would."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
import openstack
import pexpect
import yaml

from kolla_lite.config.secrets import Secrets
from kolla_lite.engine import local
from kolla_lite.service.registry import load_services

SPEC_LABEL = "kolla_lite.spec"


class Cloud:
    """The cloud of a folder of operator's files; commands run from a folder of no meaning. `said` is what they printed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.said: list[str] = []

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run kolla-lite; what it printed, both streams. AssertionError for any other exit code."""
        done = self.call(*arguments)
        assert done.returncode == code, done.stdout
        return done.stdout

    def call(self, *arguments: str, errors: int = subprocess.STDOUT) -> subprocess.CompletedProcess[str]:
        """Run kolla-lite, with any exit code; what it printed, both streams unless told, is in `stdout`."""
        done = subprocess.run(
            [sys.executable, "-m", "kolla_lite", *arguments],
            cwd=self.directory.parent,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            check=False,
            timeout=1800,
        )
        self.said.append(done.stdout)
        return done

    def answer(self, question: str, answer: str, *arguments: str, code: int = 0) -> str:
        """Run kolla-lite on a terminal and answer its question; what it printed. AssertionError for any other exit code."""
        command = ["-m", "kolla_lite", *arguments]
        terminal = pexpect.spawn(
            sys.executable, command, cwd=self.directory.parent, env=self._environment(), encoding="utf-8", timeout=300
        )
        with terminal:
            terminal.expect_exact(question)
            asked = terminal.before
            terminal.sendline(answer)
            said = asked + terminal.read()
        self.said.append(said)
        assert terminal.exitstatus == code, said
        return said

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "KOLLA_LITE_CONFIG": str(self.directory), "COLUMNS": "200"}

    def shown(self) -> list[str]:
        """Secrets that commands have printed."""
        secrets = Secrets.load(self.directory / "passwords.yml", load_services())
        said = "\n".join(self.said)
        return [value for value in secrets.all_values() if value in said]

    def connect(self) -> openstack.connection.Connection:
        """The cloud through openstacksdk, with the clouds.yaml that `up` wrote."""
        clouds = yaml.safe_load((self.directory / "clouds.yaml").read_text())["clouds"]["kolla-lite"]
        return openstack.connect(load_yaml_config=False, **clouds)


def ours() -> dict[str, str]:
    """Ids of the containers of kolla-lite on this machine's engine, by name."""
    found = docker.from_env().containers.list(all=True, filters={"label": SPEC_LABEL})
    return {container.name: container.id for container in found}


def restart_engine() -> None:
    """Have this machine's engine end, as for an upgrade of its package, and begin again."""
    engine = local.process()
    os.kill(engine, signal.SIGTERM)
    end = time.monotonic() + 60
    while local.process() == engine:
        assert time.monotonic() < end, "the engine does not end"
        time.sleep(0.2)
    local.start()


def lose_power() -> None:
    """Have the engine and everything in containers end at once, and the engine begin again, as with the machine."""
    engine = docker.from_env()
    inside = [engine.api.inspect_container(name)["State"]["Pid"] for name in ours()]
    for process in [*_called("dockerd", "containerd", "containerd-shim"), *filter(None, inside)]:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    local.PID_FILE.unlink()  # a machine that starts has nothing in /run
    shutil.rmtree("/run/docker", ignore_errors=True)
    local.start()


def _called(*names: str) -> Iterator[int]:
    """Processes by the first 15 letters of what they are called, one name after the other."""
    for name in names:
        for path in Path("/proc").glob("[0-9]*/comm"):
            with suppress(OSError):  # it has ended
                if path.read_text().strip() == name:
                    yield int(path.parent.name)


def running() -> Cloud | None:
    """The cloud that KOLLA_LITE_TEST_CLOUD names the folder of: it runs, and may be used instead of a new one."""
    directory = os.environ.get("KOLLA_LITE_TEST_CLOUD")
    return Cloud(Path(directory)) if directory else None


@contextmanager
def brought_up(directory: Path, *arguments: str) -> Iterator[Cloud]:
    """A cloud that `kolla-lite up` made from nothing, with these arguments; afterwards it is removed with its data."""
    assert not ours(), "a cloud runs on this machine; the test does not touch it: destroy it first, or test elsewhere"
    cloud = Cloud(directory)
    try:
        cloud.run("up", *arguments)
        yield cloud
    finally:
        if (directory / "hosts.yml").exists():
            cloud.run("destroy", "--volumes", "--yes")
    assert not ours()
