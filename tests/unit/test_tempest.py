"""`kolla-lite tempest` and `verify` with programs that say what we want to hear, in place of the toolbox's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kolla_lite.cli.main import run
from kolla_lite.cloud import Cloud
from kolla_lite.deploy import steps
from kolla_lite.deploy.tempest import Selection
from kolla_lite.errors import UserError

STEP = {"step": "image", "state": "passed", "seconds": 1.0, "detail": "tiny, made"}
GOOD = {"test": "tempest.api.T.test_a", "state": "passed", "seconds": 2.0, "detail": ""}
SKIPPED = {"test": "tempest.api.T.test_b", "state": "skipped", "seconds": 0.0, "detail": "no swift"}
BAD = {"test": "tempest.api.T.test_c", "state": "failed", "seconds": 3.0, "detail": "E: 500", "trace": "line\nE: 500"}


@pytest.fixture
def directory(make_cloud: Callable[..., Cloud]) -> str:
    return str(make_cloud().directory)


@pytest.fixture
def toolbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Have the toolbox tell these events; the file that takes the command and what was asked."""

    def install(*events: dict[str, Any], code: int = 0, said: str = "") -> Path:
        program, asked = tmp_path / "program.py", tmp_path / "asked.json"
        program.write_text(
            f"import json, sys\nopen({str(asked)!r}, 'w').write(json.dumps([sys.argv[1:], json.loads(input())]))\n"
            f"for event in {list(events)!r}: print(json.dumps(event))\nsys.stderr.write({said!r})\nsys.exit({code})\n"
        )

        def on_host(_host: object, command: Sequence[str]) -> list[str]:
            return [sys.executable, str(program), *command[5:]]

        monkeypatch.setattr(steps, "on_host", on_host)
        return asked

    return install


def test_a_run_is_told_and_summed_up(
    toolbox: Callable[..., Path], directory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = {"tests": [one["test"] for one in (GOOD, SKIPPED, BAD)]}
    asked = toolbox(STEP, tests, {"group": "tempest.api.T"}, GOOD, SKIPPED, BAD)
    assert run(["tempest", "run", "--config", directory]) == 1
    said = capsys.readouterr().out
    assert "passed in 2.0 s test_a\n  skipped test_b no swift\n  failed in 3.0 s test_c E: 500\n" in said
    assert "failed tempest.api.T.test_c\nline\nE: 500\n1 passed, 1 failed, 1 skipped" in said
    arguments, wanted = json.loads(asked.read_text())
    assert arguments == ["run"]
    assert wanted == {"external": "172.24.4.1/24", "dashboard": None, "regex": "", "smoke": True}


def test_a_program_reads_it_as_json(
    toolbox: Callable[..., Path], directory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = toolbox(STEP, {"tests": [GOOD["test"]]}, {"group": "tempest.api.T"}, GOOD)
    assert run(["tempest", "run", "--config", directory, "--json", "api"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["summary"] | {"seconds": 0} == {"passed": 1, "failed": 0, "skipped": 0, "seconds": 0}
    assert (report["steps"], report["tests"], report["well"]) == ([STEP], [GOOD], True)
    assert json.loads(asked.read_text())[1]["smoke"] is False


def test_names_alone(toolbox: Callable[..., Path], directory: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = toolbox({"tests": ["tempest.a", "tempest.b"]})
    assert run(["tempest", "run", "--config", directory, "--list", "--smoke", "tempest"]) == 0
    assert capsys.readouterr().out == "tempest.a\ntempest.b\n"
    arguments, wanted = json.loads(asked.read_text())
    assert (arguments, wanted["regex"], wanted["smoke"]) == (["list"], "tempest", True)


def test_a_step_that_fails_ends_it(
    toolbox: Callable[..., Path], directory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    toolbox(STEP | {"state": "failed", "detail": "no nova-compute is up"})
    for command in (["tempest", "run"], ["tempest", "init"], ["verify"]):
        assert run([*command, "--config", directory]) == 1
        assert capsys.readouterr().out == "  failed in 1.0 s no nova-compute is up\n"


def test_mistakes(toolbox: Callable[..., Path], directory: str, capsys: pytest.CaptureFixture[str]) -> None:
    toolbox(STEP, {"tests": []})
    assert run(["tempest", "run", "--config", directory, "xyzzy"]) == 2
    assert "no test matches 'xyzzy'" in capsys.readouterr().err
    toolbox(STEP, code=1, said="Traceback\nKeyError: 'x'\n")
    assert run(["tempest", "run", "--config", directory]) == 1
    assert "did not come to its end: KeyError: 'x'" in capsys.readouterr().err
    with pytest.raises(UserError, match="'\\(' is not a regular expression"):
        Selection("(")


def test_the_dashboard_is_tried_where_there_is_one(
    toolbox: Callable[..., Path], make_cloud: Callable[..., Cloud]
) -> None:
    asked = toolbox(STEP)
    made = make_cloud("profile: compute\n")
    assert run(["tempest", "init", "--config", str(made.directory)]) == 0
    assert json.loads(asked.read_text())[1]["dashboard"] == made.url("horizon")
