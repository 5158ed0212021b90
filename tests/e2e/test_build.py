"""Building on a real engine: failures stay where they are, nothing is built twice, nothing of the build host stays behind."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kolla_lite import paths
from kolla_lite.image.build import Summary, build
from kolla_lite.image.engine import find_engine
from kolla_lite.image.execute import Result
from kolla_lite.image.options import BuildOptions, load_options
from kolla_lite.image.plan import Selection, Step
from kolla_lite.service.registry import load_services

pytestmark = pytest.mark.e2e

NAMESPACE = "kolla-lite-build-test"
SERVICE = """\
name: made-up
description: A service of this test.
user: {name: madeup, uid: 42999}
image: {distribution: PyMySQL}
containers:
  - {name: made_up, place: {role: control}, command: sleep infinity}
"""


class Notes:
    """A report that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}
        self.lock = threading.Lock()

    def started(self, step: Step) -> None:
        self.lines[step.name] = []

    def output(self, name: str, line: str) -> None:
        with self.lock:
            self.lines[name].append(line)

    def finished(self, result: Result) -> None:
        pass


@pytest.fixture(scope="session")
def root_image() -> str:
    """The Debian image that all trees of these tests build on; made once."""
    options = load_options(Path("/nonexistent"))
    summary = build(options, Selection(("debian",)), Notes())
    assert not summary.failed, summary
    return options.reference("debian")


@pytest.fixture
def options(root_image: str) -> Iterator[BuildOptions]:
    yield BuildOptions("2026.1", NAMESPACE, "t", base_image=root_image, jobs=2)
    engine = find_engine().client
    command = [engine, "images", "--format", "{{.Repository}}:{{.Tag}}", f"{NAMESPACE}/*"]
    if names := subprocess.run(command, capture_output=True, text=True, check=True).stdout.split():
        subprocess.run([engine, "rmi", *names], capture_output=True, check=True)


def tree(folder: Path, **dockerfiles: str) -> Path:
    """A docker/ folder with these images and the shipped macros."""
    for name, text in dockerfiles.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "Dockerfile.j2").write_text(text)
    shutil.copytree(paths.DOCKER / "releases", folder / "releases")
    shutil.copytree(paths.DOCKER / "debian", folder / "debian")
    shutil.copy(paths.DOCKER / "macros.j2", folder)
    return folder


def outcome(summary: Summary) -> dict[str, tuple[str, str]]:
    return {result.name: (result.result, result.cause) for result in summary.results}


def test_a_failure_shows_its_end_and_the_others_finish(tmp_path: Path, options: BuildOptions) -> None:
    docker = tree(
        tmp_path / "docker",
        base='FROM {{ parent("debian") }}\n',
        bad='FROM {{ parent("base") }}\nRUN seq -f "line %g" 60 && exit 7\n',
        dependant='FROM {{ parent("bad") }}\n',
        good='FROM {{ parent("base") }}\nRUN sleep 1\n',
    )
    summary = build(options, Selection(), Notes(), roles=tmp_path, docker=docker)
    assert outcome(summary) == {
        "debian": ("unchanged", "same content"),
        "base": ("built", "not built yet"),
        "bad": ("failed", "not built yet"),
        "dependant": ("skipped", "parent bad failed"),
        "good": ("built", "not built yet"),
    }
    bad = next(result for result in summary.results if result.name == "bad")
    assert len(bad.lines) == 20
    assert "line 60" in bad.lines
    assert "exit code: 7" in bad.lines[-1]

    again = build(options, Selection(("good",)), Notes(), roles=tmp_path, docker=docker)
    assert set(outcome(again).values()) == {("unchanged", "same content")}
    assert again.seconds < 5


def test_what_the_build_host_lends_is_not_kept(
    tmp_path: Path, options: BuildOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = "m4rker"
    (tmp_path / "ca.pem").write_text(f"# {marker}\n")
    monkeypatch.setenv("http_proxy", f"http://{marker}.invalid:3128")
    lent = replace(
        options,
        ca_bundle=str(tmp_path / "ca.pem"),
        apt_mirror=f"http://{marker}.invalid/debian",
        python_index=f"https://user:{marker}@mirror.invalid/simple",
    )
    docker = tree(
        tmp_path / "docker",
        lent='FROM {{ parent("debian") }}\n'
        "RUN --mount=type=secret,id=ca.pem --mount=type=secret,id=sources.list --mount=type=secret,id=python.env "
        'grep -q "m4rker" /run/secrets/ca.pem && grep -q m4rker /run/secrets/sources.list '
        '&& grep -q m4rker /run/secrets/python.env && test -n "$http_proxy" && touch /seen\n',
    )
    summary = build(lent, Selection(), Notes(), roles=tmp_path, docker=docker)
    assert not summary.failed, summary
    engine = find_engine().client
    saved = tmp_path / "image.tar"
    subprocess.run([engine, "save", "-o", str(saved), lent.reference("lent")], check=True)
    # The Dockerfile's own text names the marker once, in the history; nothing else may.
    history = subprocess.run(
        [engine, "history", "--no-trunc", lent.reference("lent")], capture_output=True, text=True, check=True
    )
    assert f"{marker}.invalid" not in history.stdout
    with tarfile.open(saved) as outer:
        for member in outer:
            content = outer.extractfile(member)
            if member.isfile() and content:
                assert f"{marker}.invalid".encode() not in content.read(), member.name
                content.seek(0)
                assert f"# {marker}".encode() not in content.read(), member.name


def test_a_file_with_another_hash_is_refused(tmp_path: Path, options: BuildOptions) -> None:
    docker, roles = tmp_path / "docker", tmp_path / "roles"
    services = set(load_services())  # whose own templates need their declarations
    shutil.copytree(paths.DOCKER, docker, ignore=lambda _, names: services.intersection(names))
    (roles / "made-up").mkdir(parents=True)
    (roles / "made-up" / "service.yml").write_text(SERVICE)
    good = build(options, Selection(("made-up",)), Notes(), roles=roles, docker=docker)
    assert not good.failed, good
    lock = docker / "releases" / "2026.1.lock.txt"
    text = lock.read_text()
    start = text.index("\npymysql==")
    end = text.index("# via", start)
    block = text[start:end]
    lock.write_text(text[:start] + "".join(_other_hashes(block)) + text[end:])
    bad = build(options, Selection(("made-up",)), Notes(), roles=roles, docker=docker)
    assert outcome(bad)["made-up"] == ("failed", "locked distributions changed")
    assert any("ash mismatch" in line for line in bad.results[-1].lines), bad.results[-1].lines


def _other_hashes(block: str) -> Iterator[str]:
    for line in block.splitlines(keepends=True):
        before, mark, digest = line.partition("--hash=sha256:")
        yield before + mark + ("0" * 64 + digest[64:] if mark else digest)


def test_an_interruption_ends_the_children(tmp_path: Path, root_image: str) -> None:
    folder = tmp_path / "docker" / "slow"
    folder.mkdir(parents=True)
    (folder / "Dockerfile.j2").write_text('FROM {{ parent("debian") }}\nRUN sleep 987\n')
    command = [sys.executable, "-c", "from kolla_lite.cli.main import main; main()", "build", "slow"]
    process = subprocess.Popen([*command, "--config", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert "slow: build" in process.stdout.readline()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    clients = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"--tag {load_options(tmp_path).reference('slow')}" not in clients


def test_the_command_reports_in_json(tmp_path: Path, root_image: str) -> None:
    command = [sys.executable, "-c", "from kolla_lite.cli.main import main; main()", "build", "debian", "--json"]
    done = subprocess.run([*command, "--config", str(tmp_path)], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert report["images"][0]["reference"] == root_image
    assert report["images"][0]["result"] == "unchanged"
    assert report["images"][0]["size"] < 130_000_000
