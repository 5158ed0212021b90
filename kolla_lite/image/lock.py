"""The lock file of a release: one resolution of every Python distribution, with hashes, and what each image needs of it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kolla_lite.errors import EXIT_FAILED, Location, UserError
from kolla_lite.image.host import ca_path, python_settings
from kolla_lite.image.release import Release
from kolla_lite.service.declaration import Image, Service
from kolla_lite.source import read_text

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)")
_HASH = re.compile(r"--hash=(\S+)")
_VIA = re.compile(r"^    #(?: via|  ) (?P<name>[A-Za-z0-9._-]+)$")


@dataclass(frozen=True)
class Locked:
    """One distribution of a lock: its version, the hashes of its files, and the distributions that asked for it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]


Lock = Mapping[str, Locked]


def normal_name(requirement: str) -> str:
    """The normalised name (PEP 503) of a requirement such as "Oslo.Cache[x]>=3"."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]).lower()


def requirements_of(image: Image | None) -> list[str]:
    """What the declaration of an image asks of PyPI, as requirements."""
    if image is None:
        return []
    extras = f"[{','.join(image.extras)}]" if image.extras else ""
    own = [f"{image.distribution}{extras}"] if image.distribution else []
    return [*own, *image.distributions]


def wanted(release: Release, services: Iterable[Service]) -> list[str]:
    """Every requirement that the lock of a release must resolve, sorted."""
    return sorted({*release.build, *(line for service in services for line in requirements_of(service.image))})


def read_lock(path: Path) -> Lock:
    """Read a lock file. UserError when there is none or a distribution stands in it without hashes."""
    if not path.is_file():
        raise UserError(f"there is no lock file {path.name}", Location(str(path)), "run `kolla-lite lock`")
    return parse_lock(read_text(path), str(path))


def parse_lock(text: str, name: str) -> Lock:
    """As `read_lock`, from the text; `name` is what messages call it."""
    found: dict[str, Locked] = {}
    for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE):
        pin = _PIN.match(block)
        if not pin:
            continue
        hashes = tuple(_HASH.findall(block))
        if not hashes:
            line = text[: text.index(block)].count("\n") + 1
            raise UserError(f"{pin['name']} has no hash", Location(name, line), "run `kolla-lite lock`")
        via = tuple(normal_name(match["name"]) for match in map(_VIA.match, block.splitlines()) if match)
        key = normal_name(pin["name"])
        found[key] = Locked(key, pin["version"].rstrip("\\").strip(), hashes, via)
    return found


def closure(lock: Lock, requirements: Sequence[str], where: str) -> list[Locked]:
    """The distributions that `requirements` need, dependencies included, sorted by name.

    UserError when one of `requirements` is not in the lock; `where` names the lock file.
    """
    needs: dict[str, list[str]] = {name: [] for name in lock}
    for locked in lock.values():
        for parent in locked.wanted_by:
            needs.setdefault(parent, []).append(locked.name)
    reached: set[str] = set()
    queue = [normal_name(requirement) for requirement in requirements]
    for name in queue:
        if name not in lock:
            raise UserError(f"{name} is not in the lock file", Location(where), "run `kolla-lite lock`")
    while queue:
        name = queue.pop()
        if name not in reached:
            reached.add(name)
            queue += needs[name]
    return [lock[name] for name in sorted(reached)]


def requirements_text(distributions: Iterable[Locked]) -> str:
    """A requirements file that pip and uv accept under --require-hashes."""
    return "".join(
        f"{item.name}=={item.version}" + "".join(f" \\\n    --hash={digest}" for digest in item.hashes) + "\n"
        for item in distributions
    )


def resolve(release: Release, requirements: Sequence[str]) -> str:
    """The text of the lock file: asks PyPI (or the mirror that the machine is configured for) by `uv pip compile`.

    UserError with uv's own explanation when there is no solution or PyPI cannot be reached.
    """
    from uv import find_uv_bin  # not needed by those who only read locks

    command = [
        find_uv_bin(),
        "pip",
        "compile",
        "requirements.txt",
        "--constraint",
        "ranges.txt",
        "--quiet",
        "--no-header",
    ]
    command += ["--generate-hashes", "--python-version", release.python, "--python-platform", "linux"]
    command += ["--exclude-newer", f"{release.exclude_newer}T00:00:00Z"]
    for name, date in sorted(release.exclude_newer_package.items()):
        command += ["--exclude-newer-package", f"{name}={date}T00:00:00Z"]
    with tempfile.TemporaryDirectory() as folder:
        for file, lines in (("requirements.txt", requirements), ("ranges.txt", release.ranges)):
            (Path(folder) / file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        environment = os.environ | python_settings(None, os.environ, str(ca_path(os.environ) or ""))
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            f"no versions satisfy release {release.release}:\n{done.stderr.strip()}",
            hint="mend `ranges` or `exclude_newer` of the release, or the connection to PyPI",
            exit_code=EXIT_FAILED,
        )
    head = f"# Python distributions of release {release.release}, written by `kolla-lite lock --release {release.release}`.\n"
    return head + done.stdout


def compare(lock: Lock, constraints: str) -> list[str]:
    """One line for each distribution whose version differs from that in a constraints file (`name===version` lines)."""
    pins = (re.match(r"^([A-Za-z0-9._-]+)={2,3}([^;\s]+)", line) for line in constraints.splitlines())
    others = {normal_name(pin[1]): pin[2] for pin in pins if pin}
    return [
        f"{name}: {locked.version}, constraints say {others[name]}"
        for name, locked in sorted(lock.items())
        if name in others and others[name] != locked.version
    ]
