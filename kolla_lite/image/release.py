"""What a release is: docker/releases/<release>.yml."""

from __future__ import annotations

import datetime
from pathlib import Path

from pydantic import Field

from kolla_lite import paths
from kolla_lite.config.settings import Word
from kolla_lite.errors import Location, UserError
from kolla_lite.source import Model, load, nearest, parse

RELEASES = paths.DOCKER / "releases"


class Release(Model):
    """An OpenStack release: which Debian, which Python, and what bounds its Python distributions."""

    release: Word = Field(description="Its name, as in globals.yml.", examples=["2026.1"])
    debian: Word = Field(description="Debian suite of the base image.", examples=["trixie"])
    python: str = Field(description="Python of that suite.", examples=["3.13"])
    exclude_newer: datetime.date = Field(description="Uploads to PyPI from this day (UTC) on take no part.")
    exclude_newer_package: dict[str, datetime.date] = Field(
        default={}, description="Another date for a single distribution.", examples=[{"horizon": "2026-07-10"}]
    )
    ranges: list[str] = Field(default=[], description="Bounds of versions.", examples=[["keystone>=29,<30"]])
    build: list[str] = Field(default=[], description="Distributions that builds of images themselves need.")


def known_releases(folder: Path = RELEASES) -> list[str]:
    """Names of the releases that `folder` describes, oldest first."""
    return sorted(path.stem for path in folder.glob("*.yml"))


def load_release(name: str, folder: Path = RELEASES) -> Release:
    """Read one release. UserError with the nearest name when there is none called that."""
    path = folder / f"{name}.yml"
    if not path.is_file():
        raise UserError(
            f"there is no release {name!r}", Location(str(folder)), nearest(name, known_releases(folder), "releases")
        )
    return parse(Release, load(path))


def lock_path(name: str, folder: Path = RELEASES) -> Path:
    """Where the lock file of a release stands."""
    return folder / f"{name}.lock.txt"
