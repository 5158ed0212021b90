"""The root image from the Debian archive, by mmdebstrap and `docker import`: no registry takes part."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from kolla_lite.errors import EXIT_FAILED, UserError
from kolla_lite.image.host import DEBIAN_MIRROR, DEBIAN_SECURITY_MIRROR, acquire_conf, apt_config_dump


def require_mmdebstrap() -> None:
    """Installs mmdebstrap where it is missing. UserError when that needs root or apt."""
    if shutil.which("mmdebstrap"):
        return
    remedy = "install mmdebstrap, or name an image to build on: --base-image IMAGE"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise UserError("mmdebstrap, which makes the base image, is not installed", hint=remedy, exit_code=EXIT_FAILED)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "mmdebstrap"],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(
                f"mmdebstrap cannot be installed:\n{done.stderr.strip()}", hint=remedy, exit_code=EXIT_FAILED
            )


def write_inputs(folder: Path, suite: str, ca: str, sources: str) -> None:
    """Puts beside files/dpkg.cfg what `command` reads: how to reach the mirrors now, and the sources that the image keeps."""
    (folder / "ca.pem").write_text(ca, encoding="utf-8")
    (folder / "apt.conf").write_text(
        acquire_conf(apt_config_dump(), str(folder / "ca.pem") if ca else ""), encoding="utf-8"
    )
    (folder / "sources.list").write_text(sources, encoding="utf-8")
    kept = ((DEBIAN_MIRROR, suite), (DEBIAN_MIRROR, f"{suite}-updates"), (DEBIAN_SECURITY_MIRROR, f"{suite}-security"))
    (folder / "kept.list").write_text("".join(f"deb {uri} {name} main\n" for uri, name in kept), encoding="utf-8")


def command(docker: Sequence[str], suite: str, reference: str, labels: Mapping[str, str]) -> list[str]:
    """The command that makes the image, to be run in the folder of `write_inputs`; the image's id is its last line."""
    bootstrap = [
        *("mmdebstrap", "--variant=minbase", "--aptopt=./apt.conf", "--dpkgopt=./files/dpkg.cfg"),
        '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/apt/sources.list.d/*',
        "--customize-hook=upload kept.list /etc/apt/sources.list",
        '--customize-hook=rm -f "$1"/etc/resolv.conf "$1"/etc/hostname',
        *(suite, "-", "./sources.list"),
    ]
    changes = [part for name, value in labels.items() for part in ("--change", f"LABEL {name}={_label_value(value)}")]
    load = [*docker, "import", *changes, "-", reference]
    return ["bash", "-o", "pipefail", "-c", f"{shlex.join(bootstrap)} | {shlex.join(load)}"]


def _label_value(text: str) -> str:
    """As a Dockerfile's LABEL instruction quotes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
