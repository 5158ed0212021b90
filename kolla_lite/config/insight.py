"""Where each value of a configuration file comes from, as people and programs read it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kolla_lite import paths
from kolla_lite.config.difference import masked_text
from kolla_lite.config.render import RenderedFile
from kolla_lite.errors import Location

WIDEST_VALUE = 60
"""Longer lines push their origin to the right, rather than those of all others."""


@dataclass(frozen=True)
class Line:
    """One line of a merged ini file: a section, or a value of an option with the place that decided it."""

    text: str
    section: str
    option: str | None = None
    where: Location | None = None

    @property
    def value(self) -> str:
        """What follows the option's name; of a further line of a value, that line."""
        return re.sub(r"^\S+ = ?", "", self.text) if not self.text.startswith(" ") else self.text.strip()


def lines_of(file: RenderedFile, secrets: Iterable[str] | None) -> list[Line]:
    """The lines of a merged ini file; without the values of secrets, unless `secrets` is None."""
    plain = file.content.decode().removesuffix("\n")
    shown = plain if secrets is None else masked_text(plain, secrets)
    section, option = "", None
    found = []
    for line, text in zip(plain.split("\n"), shown.split("\n"), strict=True):
        if line.startswith("["):
            section, option = line[1:-1], None
        elif line and not line.startswith(" "):
            option = line.partition(" =")[0]
        where = file.origins[section, option] if option and line else None
        found.append(Line(text, section, option if line else None, where))
    return found


def as_text(file: RenderedFile, secrets: Iterable[str] | None, directory: Path) -> Iterator[tuple[str, str]]:
    """Each line of a file, padded, and where it comes from; the place is empty where nobody decided anything."""
    if file.source is not None:
        plain = file.content.decode("utf-8", "replace").removesuffix("\n")
        yield from ((line, "") for line in (plain if secrets is None else masked_text(plain, secrets)).split("\n"))
        return
    lines = lines_of(file, secrets)
    width = max((len(line.text) for line in lines if len(line.text) <= WIDEST_VALUE), default=0)
    for line in lines:
        if line.where is None:
            yield line.text, ""
        else:
            yield f"{line.text:<{width}}", place(line.where, directory)


def as_data(file: RenderedFile, secrets: Iterable[str] | None) -> dict[str, Any]:
    """The same for programs: options with their values and places, or a text with its source."""
    if file.source is not None:
        text = file.content.decode("utf-8", "replace")
        return {"source": file.source, "content": text if secrets is None else masked_text(text, secrets)}
    values: dict[tuple[str, str], list[str]] = {}
    for line in lines_of(file, secrets):
        if line.option:
            known = values.setdefault((line.section, line.option), [])
            if line.text.startswith(" "):
                known[-1] += f"\n{line.value}"
            else:
                known.append(line.value)
    return {"options": [_option(key, found, file.origins) for key, found in values.items()]}


def _option(key: tuple[str, str], values: list[str], origins: Mapping[tuple[str, str], Location]) -> dict[str, Any]:
    where = origins[key]
    return {"section": key[0], "option": key[1], "values": values, "file": where.name, "line": where.line}


def place(where: Location, directory: Path) -> str:
    """A place as short as it stays clear: below the operator's folder, or below what comes with kolla-lite."""
    for root in (directory, paths.DATA):
        if Path(where.name).is_relative_to(root):
            return str(Location(str(Path(where.name).relative_to(root)), where.line))
    return str(where)
