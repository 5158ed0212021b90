"""A wheel is complete: installed in a fresh environment it works from any directory, without the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "kolla_lite",
    "ansible",
    "docker",
    "etc",
    "setup.py",
    "setup.cfg",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a virtual environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in PARTS:  # a copy, since building leaves its traces in the tree
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    uv = (sys.executable, "-m", "uv", "--quiet", "--no-progress")
    subprocess.run([*uv, "build", "--wheel", "--out-dir", folder, source], check=True)
    subprocess.run([*uv, "venv", "--python", sys.executable, folder / "venv"], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*uv, "pip", "install", "--no-deps", "--python", folder / "venv/bin/python", wheel], check=True)
    (site,) = (folder / "venv/lib").glob("python*/site-packages")
    # The dependencies are those of this environment: a path that is named so does not bring its editable installs.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    shutil.rmtree(source)
    return folder / "venv/bin"


def run(environment: Path, folder: Path, *arguments: str | Path) -> str:
    """Standard output of a kolla-lite command run in a folder."""
    done = subprocess.run(
        [environment / "kolla-lite", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_data_is_inside_the_package(environment: Path, tmp_path: Path) -> None:
    code = (
        "from kolla_lite import paths; print(*(p.is_dir() for p in (paths.ROLES, paths.DOCKER, paths.ETC)), paths.DATA)"
    )
    done = subprocess.run(
        [environment / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    *there, data = done.stdout.split()
    assert there == ["True", "True", "True"]
    assert data.endswith("site-packages/kolla_lite/data")


def test_scripts_of_images_stay_executable(environment: Path) -> None:
    (script,) = environment.parent.glob("lib/*/site-packages/kolla_lite/data/docker/base/files/bin/kolla_start")
    assert script.stat().st_mode & 0o111


def test_templates_of_reports_are_inside_the_package(environment: Path) -> None:
    assert list(environment.parent.glob("lib/*/site-packages/kolla_lite/runs/templates/run.html.j2"))


def test_ansible_is_started_by_a_script(environment: Path) -> None:
    (script,) = environment.parent.glob("lib/*/site-packages/kolla_lite/data/ansible/bin/ansible-playbook")
    assert script.stat().st_mode & 0o111


def test_commands_work(environment: Path, tmp_path: Path) -> None:
    run(environment, tmp_path, "init", "--config", tmp_path / "cloud")
    assert "keystone" in run(environment, tmp_path, "inventory", "--config", tmp_path / "cloud", "--graph")
    run(environment, tmp_path, "validate", "--config", tmp_path / "cloud")
    run(environment, tmp_path, "build", "--config", tmp_path / "cloud", "--render", tmp_path / "rendered")
    assert list((tmp_path / "rendered").rglob("kolla_start"))
