"""What a service says of the options that it is given: the question for its image, and the answer as mistakes. Pure.

The service's own oslo.config answers, in its image: see options_program.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kolla_lite.config.layers import GLOBAL
from kolla_lite.config.render import RenderedFile
from kolla_lite.errors import EXIT_FAILED, Location, UserError
from kolla_lite.source import nearest

COMMAND = ("python3", "-W", "ignore", "-c", Path(__file__).with_name("options_program.py").read_text("utf-8"))
"""What runs in the image, with `question` as its standard input."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong with one file, and what is not right for ever."""

    errors: Sequence[UserError]
    warnings: Sequence[UserError]


def question(
    namespaces: Sequence[str], sections: Mapping[str, Sequence[str]], files: Mapping[str, RenderedFile]
) -> str:
    """The program's standard input, for files by any name."""
    texts = {name: file.content.decode() for name, file in files.items()}
    return json.dumps({"namespaces": list(namespaces), "sections": dict(sections), "files": texts})


def verdicts(service: str, files: Mapping[str, RenderedFile], answer: str) -> dict[str, Verdict]:
    """The program's standard output, told with the operator's files and lines. UserError when it is no answer."""
    try:
        found = json.loads(answer)
        return {name: _verdict(service, file, found["files"][name], found["options"]) for name, file in files.items()}
    except (ValueError, KeyError):
        message = f"the image of {service} does not tell which options it has"
        raise UserError(message, None, f"kolla-lite build {service}", EXIT_FAILED) from None


def _verdict(service: str, file: RenderedFile, found: Mapping[str, Any], known: Mapping[str, Sequence[str]]) -> Verdict:
    errors: list[UserError] = []
    warnings: list[UserError] = []
    for group, option in found["unknown"]:
        where = _where(file, group, option)
        if group in known:
            message = f"{service} has no option {option!r} in [{group}]"
            errors.append(UserError(message, where, _remedy(group, option, known)))
            continue
        message = f"{service} has no option group [{group}]"
        if Path(where.name).name == GLOBAL:
            warnings.append(UserError(message, where, "leave it when another service has it"))
        else:
            errors.append(UserError(message, where, nearest(group, known, "groups")))
    for group, option, reason in found["invalid"]:
        message = f"[{group}] {option} does not take this value: {reason}"
        errors.append(UserError(message, _where(file, group, option), "give a value that the option takes"))
    for group, option, advice in found["deprecated"]:
        warnings.append(UserError(f"[{group}] {option} is deprecated", _where(file, group, option), advice))
    return Verdict(errors, warnings)


def _where(file: RenderedFile, group: str, option: str) -> Location:
    return file.origins.get((group, option), Location(file.name))


def _remedy(group: str, option: str, known: Mapping[str, Sequence[str]]) -> str:
    elsewhere = [f"[{other}]" for other, options in known.items() if option.replace("-", "_") in options]
    if elsewhere and len(elsewhere) <= 3:
        return f"move it to {' or '.join(elsewhere)}"
    return nearest(option, known[group], f"options in [{group}]")
