"""Runs inside a service's image: what oslo.config, as that service has it, makes of the service's configuration files.

Standard input is JSON: `namespaces` of options, `sections` that take other groups' options too, and `files`, their
texts by name. Standard output is JSON: `options`,
the names that each group knows; and for each file `unknown` and `deprecated` options, by oslo.config's own validator,
and `invalid` values; with the last two goes what to do, or what is wrong. Needs nothing but oslo.config, and writes
nothing to a disk, since the texts hold secrets.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from importlib.metadata import entry_points
from typing import Any

from oslo_config import cfg, validator

Pair = tuple[str, str]
Triple = tuple[str, str, str]


class _Verdicts(logging.Handler):
    """Keeps what the validator logs of an option: an error is one that is not known, a warning a deprecated one."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: dict[int, list[Pair]] = {logging.ERROR: [], logging.WARNING: []}

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and len(record.args) == 2 and record.module == "validator":
            self.found[record.levelno].append((str(record.args[0]), str(record.args[1])))


def known_options(namespaces: list[str], sections: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Every option of the namespaces, and of the sections that are like groups: group to name to oslo.config's object."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entry_points(group="oslo.config.opts"):
        if entry.name in namespaces:
            for group, options in entry.load()():
                named = found.setdefault(str(group or "DEFAULT"), {})
                named.update({option.dest: option for option in options})
    return found | {
        name: {option: value for group in (*groups, name) for option, value in found.get(group, {}).items()}
        for name, groups in sections.items()
    }


def judge(path: str, namespaces: list[str]) -> dict[int, list[Pair]]:
    """What the validator logs of a file, by level."""
    verdicts, root = _Verdicts(), logging.getLogger()
    root.addHandler(verdicts)
    arguments = sys.argv
    sys.argv = ["oslo-config-validator", "--input-file", path, *(f"--namespace={name}" for name in namespaces)]
    try:
        validator.main()
    finally:
        sys.argv = arguments
        root.removeHandler(verdicts)
    return verdicts.found


def invalid_values(path: str, known: dict[str, dict[str, Any]]) -> Iterator[Triple]:
    """Group, option and what is wrong with it, of each value that the service could not read."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[path], default_config_dirs=[])
    for group, options in known.items():
        for option in options.values():
            with suppress(cfg.DuplicateOptError):  # oslo.config's own, for the command line
                conf.register_opt(option, group=None if group == "DEFAULT" else group)
    for group, options in parsed(path).items():
        for name in options.keys() & known.get(group, {}).keys():
            try:
                (conf if group == "DEFAULT" else conf[group])[name]
            except (cfg.Error, ValueError) as error:
                reason = str(error).rpartition("is not valid: ")[2]
                yield group, name, "not a value of this option" if known[group][name].secret else reason


def advice(group: str, name: str, known: dict[str, dict[str, Any]]) -> str:
    """What to write instead of a deprecated option."""
    for new_group, options in known.items():
        for option in options.values():
            old = [
                (old.group or new_group, (old.name or option.name).replace("-", "_")) for old in option.deprecated_opts
            ]
            if (group, name.replace("-", "_")) in old:
                return f"use [{new_group}] {option.dest}"
    return "see the service's configuration reference"


def for_removal(path: str, known: dict[str, dict[str, Any]]) -> Iterator[Triple]:
    """Options of a file that the service will do without one day, which the validator does not mention."""
    for group, options in parsed(path).items():
        for name in options.keys() & known.get(group, {}).keys():
            if known[group][name].deprecated_for_removal:
                yield group, name, " ".join((known[group][name].deprecated_reason or "it will be removed").split())


def parsed(path: str) -> dict[str, dict[str, list[str]]]:
    """Sections, options and values, as oslo.config reads them."""
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(path, sections).parse()
    return sections


def answer(namespaces: list[str], sections: dict[str, list[str]], files: dict[str, str]) -> dict[str, Any]:
    """What is to be printed. KeyError when the image has none of the namespaces."""
    present = sorted({entry.name for entry in entry_points(group="oslo.config.opts")} & set(namespaces))
    if not present:
        raise KeyError(f"the image has none of the option namespaces {', '.join(namespaces)}")
    known = known_options(present, sections)
    found = {}
    for name, text in files.items():
        handle = os.memfd_create(name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            path = f"/proc/self/fd/{handle}"
            verdicts = judge(path, present)
            found[name] = {
                "unknown": [
                    (group, name) for group, name in verdicts[logging.ERROR] if name not in known.get(group, {})
                ],
                "deprecated": [(*pair, advice(*pair, known)) for pair in verdicts[logging.WARNING]]
                + list(for_removal(path, known)),
                "invalid": list(invalid_values(path, known)),
            }
    return {"options": {group: sorted(options) for group, options in known.items()}, "files": found}


def main() -> None:
    """Read the question, print the answer; whatever else is printed meanwhile goes to standard error."""
    question = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):
        found = answer(question["namespaces"], question["sections"], question["files"])
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
