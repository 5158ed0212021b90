"""The container contract, in containers: each case of tests/cases/contract starts one and looks at what it became.

A case is a mapping:
  about: what it shows
  files: in /var/lib/kolla/config_files, by name: text, or {text, owner: uid, mode}; owned by the service's user, 0400
  config: config.json as a value, or as text; its `command` is `sleep infinity` unless given
  options: of `docker run`; default: no capabilities, no new privileges, as our roles run containers
  steps: in order, each with `start: true`, `restart: true`, `change: {file: text}` or `run: command` (in the
         container, with `user`), and what is expected: `exit`, `says` (parts of what is printed), `hides`,
         `files` (path: {text, owner, mode} or null for none)
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BASE = os.environ.get("KOLLA_LITE_TEST_BASE", "kolla-lite/base:2026.1")
LEAST = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
APP = 42999
CASES = sorted((ROOT / "tests/cases/contract").glob("*.yml"))

pytestmark = pytest.mark.e2e


def docker(*arguments: str, check: bool = True, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    done = subprocess.run(
        command, check=False, text=True, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
    )
    assert done.returncode == 0 or not check, f"{' '.join(command)}\n{done.stdout}"
    return done


def read(path: Path) -> dict[str, Any]:
    return {"name": path.stem, **yaml.safe_load(path.read_text())}


@pytest.fixture(scope="session")
def image() -> str:
    """The image that the cases run in; the base image is built when there is none."""
    if docker("image", "inspect", BASE, check=False).returncode:
        subprocess.run([sys.executable, "-m", "kolla_lite", "build", "base"], check=True, timeout=900)
    tag = "kolla-lite-test/contract:1"
    context, dockerfile = ROOT / "docker/base/files", ROOT / "tests/contract/Dockerfile"
    docker("build", "--quiet", "--build-arg", f"BASE={BASE}", "--file", str(dockerfile), "--tag", tag, str(context))
    return tag


@dataclass
class Container:
    """A container of the test image, and the folder mounted into it as its configuration."""

    name: str
    folder: Path

    def write(self, files: Mapping[str, Any]) -> None:
        for name, given in files.items():
            file = given if isinstance(given, dict) else {"text": given}
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.parent.chmod(0o755)
            path.write_text(file["text"])
            path.chmod(int(file.get("mode", "0400"), 8))
            os.chown(path, file.get("owner", APP), file.get("owner", APP))

    def wait(self) -> tuple[int | None, str]:
        """Wait until the container's command runs, or the container has ended: its exit status, and what it said."""
        for _ in range(300):
            state = json.loads(docker("inspect", "--format", "{{json .State}}", self.name).stdout)
            said = docker("logs", "--since", state["StartedAt"], self.name).stdout
            if not state["Running"]:
                return state["ExitCode"], said
            if "kolla_start: running" in said:
                return None, said
            time.sleep(0.1)
        raise AssertionError(f"neither started nor ended: {said}")

    def start(self) -> tuple[int | None, str]:
        docker("start", self.name)
        return self.wait()

    def restart(self) -> tuple[int | None, str]:
        docker("restart", "--time", "1", self.name)
        return self.wait()

    def run(self, command: str, user: str = "app") -> tuple[int, str]:
        done = docker("exec", "--user", user, self.name, "sh", "-c", command, check=False)
        return done.returncode, done.stdout

    def file(self, path: str) -> dict[str, Any] | None:
        """Text, owner and mode of a path in the container; None when there is nothing."""
        command = ["docker", "cp", f"{self.name}:{path}", "-"]
        done = subprocess.run(command, check=False, capture_output=True, timeout=60)
        if done.returncode:
            return None
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            member = archive.getmembers()[0]
            content = archive.extractfile(member) if member.isfile() else None
            return {
                "text": content.read().decode() if content else None,
                "owner": f"{member.uid}:{member.gid}",
                "mode": f"{member.mode & 0o7777:04o}",
            }


@pytest.fixture
def container(image: str, tmp_path: Path, case: Mapping[str, Any]) -> Iterator[Container]:
    """A created container of the case, removed whatever happens."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "config_files"
    folder.mkdir()
    config = case["config"]
    text = config if isinstance(config, str) else json.dumps({"command": "sleep infinity", **config})
    mount = f"{folder}:/var/lib/kolla/config_files:ro"
    options = case.get("options", LEAST)
    name = docker("create", "--volume", mount, "--network", "none", *options, image).stdout.split()[-1]
    made = Container(name, folder)
    made.write({"config.json": text, **case.get("files", {})})
    folder.chmod(int(case.get("folder_mode", "0755"), 8))
    yield made
    docker("rm", "--force", "--volumes", name, check=False)


@pytest.mark.parametrize("case", [read(path) for path in CASES], ids=lambda case: case["name"])
def test_case(container: Container, case: Mapping[str, Any]) -> None:
    for number, step in enumerate(case["steps"]):
        status, said = None, ""
        if "change" in step:
            container.write(step["change"])
        elif "run" in step:
            status, said = container.run(step["run"], step.get("user", "app"))
        else:
            status, said = container.start() if "start" in step else container.restart()
        assert status == step.get("exit", 0 if "run" in step else None), f"step {number}: {said}"
        for part in step.get("says", []):
            assert part in said, f"step {number}: {said}"
        for part in step.get("hides", []):
            assert part not in said, f"step {number}: {said}"
        for path, wanted in step.get("files", {}).items():
            found = container.file(path)
            seen = {key: found[key] for key in wanted} if found and wanted else found
            assert seen == wanted, f"step {number}: {path}: {found}"


def test_setting_a_configuration_is_quick(image: str) -> None:
    """Under 100 ms of processor time, for what every start of every container pays."""
    environment = ["--env", 'KOLLA_CONFIG={"command": "true"}']
    command = ["bash", "-c", "kolla_set_configs; times"]
    said = docker("run", "--rm", "--network", "none", *LEAST, *environment, image, *command).stdout
    minutes, seconds = said.split()[-2].rstrip("s").split("m")
    assert float(minutes) * 60 + float(seconds) < 0.1, said
