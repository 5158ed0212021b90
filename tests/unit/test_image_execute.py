"""Child processes, build contexts and what is said of a build; the engine itself is for the end-to-end tests."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from kolla_lite.errors import UserError
from kolla_lite.image.build import Summary
from kolla_lite.image.children import Children
from kolla_lite.image.engine import find_engine
from kolla_lite.image.execute import Result, write_context
from kolla_lite.image.plan import Step
from kolla_lite.image.progress import Progress, closing
from kolla_lite.image.render import Content, Recipe

BUILT = Result("keystone", "n/keystone:t", "built", "not built yet", 34.2, 249_000_000, "sha256:1")
FAILED = Result("nova", "n/nova:t", "failed", "files changed", 2.0, lines=("[brackets]", "exit code: 1"))
SKIPPED = Result("x", "n/x:t", "skipped", "parent nova failed")


def test_the_end_of_a_childs_output_is_readable(tmp_path: Path) -> None:
    script = 'for n in $(seq 99); do echo "#5 0.1 line $n"; done; echo "#5 ERROR: exit code: 3"; echo ------; echo again; exit 3'
    heard: list[str] = []
    status, lines = Children({}).run(["/bin/sh", "-c", f"PATH=/usr/bin:/bin; {script}"], tmp_path, heard.append)
    assert status == 3
    assert lines == (*(f"line {number}" for number in range(81, 100)), "ERROR: exit code: 3")
    assert len(heard) == 102


def test_stopping_ends_grandchildren_too_and_nothing_starts_after_it(tmp_path: Path) -> None:
    children = Children({"PATH": "/usr/bin:/bin"})
    statuses: list[int] = []
    begin = time.monotonic()
    thread = threading.Thread(
        target=lambda: statuses.append(children.run(["sh", "-c", "sleep 60 | cat"], tmp_path, print)[0])
    )
    thread.start()
    time.sleep(0.3)
    children.stop()
    thread.join(10)
    assert time.monotonic() - begin < 5
    assert statuses == [-15]
    assert children.run(["true"], tmp_path, print) == (1, ())


def test_a_context_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    files = {"files/bin/run": Content(b"#!/bin/sh\n", executable=True), "requirements.txt": Content(b"")}
    write_context(Recipe("x", "n/x:t", "dockerfile", "FROM a\n", (), files), tmp_path / "x")
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "x").rglob("*")}
    assert modes["run"] == "0o755"
    assert modes["requirements.txt"] == "0o644"
    assert modes["bin"] == "0o755"
    assert (tmp_path / "x" / "Dockerfile").read_text() == "FROM a\n"


def test_plain_lines() -> None:
    out = io.StringIO()
    with Progress(Console(file=out, width=200)) as progress:
        progress.started(Step(Recipe("keystone", "n/keystone:t", "dockerfile", ""), "build", "not built yet"))
        progress.output("keystone", "#5 [2/3] RUN something")
        for result in (BUILT, FAILED, SKIPPED):
            progress.finished(result)
    assert out.getvalue() == (
        "keystone: build (not built yet)\n"
        "keystone: built in 34 s, 249 MB (not built yet)\n"
        "nova: failed in 2 s (files changed)\n"
        "    [brackets]\n"
        "    exit code: 1\n"
        "x: skipped (parent nova failed)\n"
    )


def test_a_terminal_shows_what_runs() -> None:
    out = io.StringIO()
    with Progress(Console(file=out, width=80, force_terminal=True)) as progress:
        progress.started(Step(Recipe("keystone", "n/keystone:t", "dockerfile", ""), "build", "not built yet"))
        progress.output("keystone", "#5 [2/3] RUN something")
        progress.output("keystone", "#5 1.25 Unpacking [libc]")
        time.sleep(0.6)
        progress.finished(BUILT)
    assert "2/3  Unpacking [libc]" in out.getvalue()


def test_summary() -> None:
    summary = Summary((BUILT, FAILED, SKIPPED), 36.5)
    assert closing(summary) == "1 built, 1 failed, 1 skipped; 36.5 s"
    assert summary.failed
    assert summary.changed
    images = summary.as_dict()["images"]
    assert isinstance(images, list)
    assert images[0]["id"] == "sha256:1"


def client(folder: Path, version: str, buildx: bool) -> None:
    folder.mkdir()
    (folder / "docker").write_text(
        f'#!/bin/sh\ncase "$1" in buildx) exit {0 if buildx else 1};; --version) echo "Docker version {version}, build x";; esac\n'
    )
    (folder / "docker").chmod(0o755)


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        (("29.0.1", True), ("20.10.24", False), "first"),
        (("29.0.1", False), ("20.10.24+dfsg1", False), "second"),
        (("20.10.24", False), ("26.1.5", True), "second"),
        (("18.06.1", False), ("29.0.1", False), None),
    ],
)
def test_the_client_that_can_use_buildkit_is_taken(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: tuple[str, bool],
    second: tuple[str, bool],
    chosen: str | None,
) -> None:
    client(tmp_path / "first", *first)
    client(tmp_path / "second", *second)
    monkeypatch.setattr("kolla_lite.image.engine.FALLBACK", ())
    environ = {"PATH": f"{tmp_path}/first:{tmp_path}/second"}
    if chosen:
        assert find_engine(environ).client == str(tmp_path / chosen / "docker")
    else:
        with pytest.raises(UserError, match="cannot use BuildKit"):
            find_engine(environ)
