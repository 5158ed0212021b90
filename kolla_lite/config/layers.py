"""Override layers: what an operator's config/ folder holds, who claims it, and how ini files merge."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from oslo_config.iniparser import BaseParser, ParseError

from kolla_lite.errors import Location, UserError
from kolla_lite.service.declaration import ConfigFile, Container, Service

GLOBAL = "global.conf"
_MANUAL = "README.md"


@dataclass(frozen=True)
class Layers:
    """The files below an operator's config/ folder, by path relative to it."""

    root: Path
    files: frozenset[str] = frozenset()

    @classmethod
    def find(cls, root: Path) -> Layers:
        """Index a folder, which need not exist. Hidden files and README.md are no overrides."""
        found = (path.relative_to(root) for path in root.rglob("*") if path.is_file() and path.name != _MANUAL)
        return cls(root, frozenset(path.as_posix() for path in found if not _hidden(path)))

    @property
    def paths(self) -> list[Path]:
        """The files, by name."""
        return [self.root / name for name in sorted(self.files)]

    def of(self, service: Service, container: Container, file: ConfigFile, host: str) -> list[Path]:
        """The files that override one configuration file, weakest first."""
        return [self.root / name for name in places(service, container, file, host) if name in self.files]

    def unclaimed(self, services: Iterable[Service], hosts: Iterable[str]) -> list[UserError]:
        """One error for each file that overrides nothing of any declared service, enabled or not."""
        claimed = {
            place
            for service in services
            for container in service.containers
            for file in service.files_of(container)
            for host in ["", *hosts]
            for place in places(service, container, file, host)
        }
        return [self._unclaimed(name, claimed) for name in sorted(self.files - claimed)]

    def _unclaimed(self, name: str, claimed: Iterable[str]) -> UserError:
        close = difflib.get_close_matches(name, sorted(claimed), n=1)
        hint = (
            f"did you mean {self.root / close[0]}?"
            if close
            else "move it out of config/; `kolla-lite docs overrides` lists what is read"
        )
        return UserError("this overrides no file of any service", Location(str(self.root / name)), hint)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def places(service: Service, container: Container, file: ConfigFile, host: str) -> dict[str, str]:
    """Where overrides of one configuration file may stand, weakest first, and what each is for.

    Those of a host only with a host.
    """
    if file.keyring:
        return {}
    what = f"{file.name} of {service.name}"
    of_all = {file.name: f"{what}."}
    of_host = {f"{service.name}/{host}/{file.name}": f"{what}, there."} if host else {}
    if file.format == "ini":
        of_container = {f"{service.name}/{container.name}.conf": f"The ini files of container {container.name}."}
        return {GLOBAL: "Every ini file of every service.", **of_all, **of_container, **of_host}
    return {**of_all, **of_host}


@dataclass(frozen=True)
class Layer:
    """The text of an ini file, what messages call it, and for each of its lines the line of the file it came from."""

    name: str
    text: str = field(repr=False)
    lines: Sequence[int] | None = None

    def where(self, line: int) -> Location:
        """The place in the file of a line of the text."""
        return Location(self.name, self.lines[line - 1] if self.lines and line <= len(self.lines) else line)


@dataclass(frozen=True)
class MergedIni:
    """Sections with their options and every value of each; and where the values of each option stand."""

    sections: Mapping[str, Mapping[str, Sequence[str]]] = field(repr=False)
    origins: Mapping[tuple[str, str], Location]

    @property
    def text(self) -> str:
        """An ini file that oslo.config reads as these values. The same values make the same text."""
        blocks = []
        for section, options in self.sections.items():
            lines = [f"{key} = {_written(value)}".rstrip() for key, values in options.items() for value in values]
            blocks.append("\n".join([f"[{section}]", *lines]) + "\n")
        return "\n".join(blocks)


def merge_ini(layers: Iterable[Layer]) -> MergedIni:
    """Merge ini files, weakest first: an option of a later one replaces all values that earlier ones gave it.

    DEFAULT comes first, other sections in order of appearance. Section names differ by more than case, as in
    oslo.config. UserError with file and line for a line that is no ini syntax.
    """
    sections: dict[str, dict[str, list[str]]] = {"DEFAULT": {}}
    spelling = {"DEFAULT": "DEFAULT"}
    origins: dict[tuple[str, str], Location] = {}
    for layer in layers:
        parsed = _Parser(layer)
        for section, key, value, line in parsed.options:
            known = spelling.setdefault(section if section == "DEFAULT" else section.lower(), section)
            options = sections.setdefault(known, {})
            if origins.get((known, key), Location("")).name != layer.name:
                options[key] = []
                origins[known, key] = layer.where(line)
            options[key].append(value)
    if not sections["DEFAULT"]:
        del sections["DEFAULT"]
    return MergedIni(sections, origins)


class _Parser(BaseParser):
    """The options of one layer in order: (section, key, value, line); lines of one value are joined by newlines."""

    def __init__(self, layer: Layer) -> None:
        self.options: list[tuple[str, str, str, int]] = []
        self._section = ""
        self._line = 0
        try:
            self.parse(layer.text.split("\n"))
        except ParseError as error:  # its line is not quoted: it may hold a secret
            message = f"not valid ini: {error.msg[:1].lower()}{error.msg[1:]}"
            raise UserError(message, layer.where(error.lineno), "write `key = value` below a `[section]`") from None

    def _split_key_value(self, line: str) -> tuple[str, list[str]]:
        self._line = self.lineno
        return super()._split_key_value(line)

    def new_section(self, section: str) -> None:
        self._section = section

    def assignment(self, key: str, value: list[str]) -> None:
        if not self._section:
            self._refuse("option before the first section")
        self.options.append((self._section, key, "\n".join(value), self._line))

    def _refuse(self, message: str) -> NoReturn:
        raise ParseError(message, self._line, "")


def _written(value: str) -> str:
    """A value as the parser reads it back: quoted where quotes or spaces at its ends would be taken off."""
    first, *more = value.split("\n")
    if first and (first != first.strip() or (first[0] == first[-1] and first[0] in "\"'")):
        first = f'"{first}"'
    return "\n    ".join([first, *more])
