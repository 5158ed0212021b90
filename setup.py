"""Only what setup.cfg cannot say: the wheel carries the data folders of the checkout inside the package."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
DATA = ("ansible", "docker", "etc")


class BuildWithData(build_py):
    """Copies the data folders to kolla_lite/data/, where kolla_lite/paths.py looks for them first."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # the checkout itself is used
            return
        target = Path(self.build_lib) / "kolla_lite" / "data"
        shutil.rmtree(target, ignore_errors=True)  # nothing of an earlier build stays behind
        for folder in DATA:
            shutil.copytree(
                ROOT / folder,
                target / folder,
                ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".ansible", ".cache"),
            )


setup(cmdclass={"build_py": BuildWithData})
