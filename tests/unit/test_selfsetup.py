"""The environment of a checkout: when it is good enough, and what is said when it cannot be made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kolla_lite import selfsetup
from kolla_lite.errors import UserError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up checkout with an environment that was made from it."""
    for name in ("setup.cfg", "pyproject.toml"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").touch()
    monkeypatch.setattr(selfsetup, "CHECKOUT", tmp_path)
    monkeypatch.setattr(selfsetup, "VENV", tmp_path / ".venv")
    (tmp_path / ".venv/stamp").write_text(selfsetup.stamp())
    return tmp_path


def test_an_environment_is_current_until_its_sources_change(checkout: Path) -> None:
    assert selfsetup.is_current()
    (checkout / "setup.cfg").write_text("another dependency")
    assert not selfsetup.is_current()


@pytest.mark.parametrize("lost", [".venv/stamp", ".venv/bin/python"])
def test_an_environment_that_is_not_whole_is_not_current(checkout: Path, lost: str) -> None:
    (checkout / lost).unlink()
    assert not selfsetup.is_current()


def test_an_old_python_gets_a_sentence() -> None:
    selfsetup.check_version((3, 11, 2))
    with pytest.raises(UserError, match=r"Python 3.11 or newer is needed, this is 3.9.2"):
        selfsetup.check_version((3, 9, 2))


def test_a_failed_step_shows_its_last_lines_and_the_remedy(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".venv/stamp").unlink()
    python = checkout / ".venv/bin/python"
    python.write_text("#!/bin/sh\necho no route to the index; exit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(selfsetup.sys, "prefix", str(checkout / ".venv"))  # as if it ran inside, so only pip is called
    with pytest.raises(SystemExit) as caught:
        selfsetup.enter("kolla_lite")
    assert caught.value.code == 1
    assert not (checkout / ".venv/stamp").exists()


def test_a_second_start_costs_next_to_nothing(tmp_path: Path) -> None:
    """The real package in a checkout whose environment is there: it goes straight to that environment's Python."""
    for name in ("kolla_lite", "setup.cfg", "pyproject.toml"):
        source = selfsetup.CHECKOUT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "ran $@"\n')
    python.chmod(0o755)
    clean = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    base = getattr(sys, "_base_executable", sys.executable)
    command = [
        base,
        "-S",
        "-c",
        "from kolla_lite import selfsetup as s; s.VENV.joinpath('stamp').write_text(s.stamp())",
    ]
    subprocess.run(command, cwd=tmp_path, env=clean, check=True)
    done = subprocess.run(
        [base, "-S", "-m", "kolla_lite", "up", "--yes"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "ran -m kolla_lite up --yes\n"


def test_the_command_is_linked_where_nothing_is_overwritten(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = checkout / "kolla-lite"
    monkeypatch.setattr(selfsetup, "LINK", link)
    monkeypatch.setattr(selfsetup.os, "geteuid", lambda: 0)
    link.symlink_to(checkout / "a-checkout-that-is-gone")
    selfsetup._link()
    assert link.readlink() == checkout / ".venv/bin/kolla-lite"
    link.unlink()
    link.write_text("somebody's own")
    selfsetup._link()
    assert link.read_text() == "somebody's own"
