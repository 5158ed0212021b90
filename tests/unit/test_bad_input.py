"""Bad input is refused with file, line, sentence, remedy and exit code 2. Each case is a file in tests/cases/bad_input.

A case starts from what `kolla-lite init` writes, and changes it: `files` writes whole files, `edit` replaces a pattern
in one, `remove` and `mode` do what they say. `errors` is how many mistakes are expected: one, another number, or many.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kolla_lite.cli.main import run

CASES = sorted((Path(__file__).parents[1] / "cases" / "bad_input").glob("*.yml"))
SECRET = "hunter2"


def prepare(directory: Path, case: dict[str, Any]) -> None:
    assert run(["init", "--config", str(directory)]) == 0
    for name, text in case.get("files", {}).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    for name in case.get("remove", []):
        (directory / name).unlink()
    for name, mode in case.get("mode", {}).items():
        (directory / name).chmod(int(mode, 8))
    if edit := case.get("edit"):
        path = directory / edit["file"]
        text, count = re.subn(edit["replace"], edit["by"], path.read_text())
        assert count == 1
        path.write_text(text)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_it_is_refused(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = yaml.safe_load(path.read_text())
    prepare(tmp_path / "cloud", case)
    capsys.readouterr()
    assert run(["validate", "--config", str(tmp_path / "cloud"), "--json"]) == 2
    shown = capsys.readouterr()
    errors = json.loads(shown.out)["errors"]
    expect = case["expect"]
    assert case.get("errors") == "many" or len(errors) == case.get("errors", 1), errors
    error = errors[0]
    assert error["file"] == str(tmp_path / "cloud" / expect["file"])
    if line := line_of(expect["line"], tmp_path / "cloud" / expect["file"]):
        assert error["line"] == line
        assert f"{expect['file']}:{line}" in shown.err
    assert expect["message"] in error["message"]
    assert expect["remedy"] in error["remedy"]
    assert error["message"] in shown.err
    assert error["remedy"] in shown.err
    assert SECRET not in shown.out + shown.err


def line_of(expected: int | str | None, path: Path) -> int | None:
    """The number of a line, which a case may give by how the line begins: what secrets there are changes it."""
    if not isinstance(expected, str):
        return expected
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(expected))


def test_all_mistakes_are_reported_in_one_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = {
        "files": {
            "globals.yml": "regoin: x\nworkers: y\n",
            "hosts.yml": "hosts: {a: {address: 10.0.0.1, roles: []}, b: {address: 10.0.0.1, roles: []}}\n",
            "config/x.conf": "",
        },
        "mode": {"passwords.yml": "0644"},
    }
    prepare(tmp_path / "cloud", case)
    capsys.readouterr()
    assert run(["validate", "--config", str(tmp_path / "cloud")]) == 2
    shown = capsys.readouterr()
    for word in ("regoin", "workers", "10.0.0.1", "chmod"):
        assert word in shown.err
    assert shown.out.splitlines() == ["✗ globals.yml", "✗ hosts.yml", "✗ passwords.yml", "✓ config/x.conf"]
