"""Options that a service does not know: the program that its image runs, and its answer as mistakes with places."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kolla_lite.config.options import COMMAND, question, verdicts
from kolla_lite.config.render import RenderedFile
from kolla_lite.errors import Location, UserError

ORIGIN = "/cloud/config/nova.conf"


def rendered(text: str, origin: str = ORIGIN) -> RenderedFile:
    """An ini file all of whose values come from the same line of one override."""
    origins, section = {}, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            section = line.strip("[]")
        else:
            origins[section, line.partition(" =")[0]] = Location(origin, number)
    return RenderedFile("nova.conf", text.encode(), origins)


def ask(text: str, namespaces: tuple[str, ...] = ("oslo.config",), **sections: list[str]) -> str:
    """The answer of this Python's own oslo.config, whose one group of options is DEFAULT and config_*."""
    done = subprocess.run(
        [sys.executable, *COMMAND[1:]],
        input=question(namespaces, sections, {"nova.conf": rendered(text)}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_program_tells_unknown_options_from_known_ones() -> None:
    found = json.loads(ask("[DEFAULT]\nconfig_file = /x\nconfig_fil = /y\n[nosuch]\na = 1\n"))
    assert found["files"]["nova.conf"]["unknown"] == [["DEFAULT", "config_fil"], ["nosuch", "a"]]
    assert found["files"]["nova.conf"]["invalid"] == []
    assert "config_file" in found["options"]["DEFAULT"]


def test_a_section_may_take_the_options_of_a_group() -> None:
    found = json.loads(ask("[own]\nconfig_file = /x\nconfig_fil = /y\n", own=["DEFAULT"]))
    assert found["files"]["nova.conf"]["unknown"] == [["own", "config_fil"]]
    assert "config_file" in found["options"]["own"]


def test_an_image_without_the_namespaces_gives_no_answer() -> None:
    with pytest.raises(AssertionError, match=r"none of the option namespaces nova\.nosuch"):
        ask("[DEFAULT]\n", ("nova.nosuch",))


def answer(**found: list[list[str]]) -> str:
    known = {
        "DEFAULT": ["debug", "log_dir"],
        "database": ["connection", "max_pool_size"],
        "token": ["expiration", "caching"],
        "role": ["caching"],
        "trust": ["caching"],
        "catalog": ["caching"],
    }
    verdict = {"unknown": [], "deprecated": [], "invalid": [], **found}
    return json.dumps({"options": known, "files": {"nova.conf": verdict}})


@pytest.mark.parametrize(
    ("group", "option", "message", "remedy"),
    [
        ("token", "expirationn", "nova has no option 'expirationn' in [token]", "did you mean `expiration`?"),
        ("token", "max_pool_size", "nova has no option 'max_pool_size' in [token]", "move it to [database]"),
        ("DEFAULT", "caching", "nova has no option 'caching' in [DEFAULT]", "options in [DEFAULT]: debug, log_dir"),
        ("tokn", "expiration", "nova has no option group [tokn]", "did you mean `token`?"),
    ],
)
def test_an_unknown_option_has_its_override_and_the_nearest_name(
    group: str, option: str, message: str, remedy: str
) -> None:
    file = rendered(f"[{group}]\n{option} = 1\n")
    verdict = verdicts("nova", {"nova.conf": file}, answer(unknown=[[group, option]]))["nova.conf"]
    assert [(error.message, error.where, error.hint) for error in verdict.errors] == [
        (message, Location(ORIGIN, 2), remedy)
    ]
    assert not verdict.warnings


def test_a_group_in_global_conf_may_be_for_another_service() -> None:
    file = rendered("[neutron]\nurl = 1\n[token]\nexpire = 1\n", "/cloud/config/global.conf")
    found = answer(unknown=[["neutron", "url"], ["token", "expire"]])
    verdict = verdicts("nova", {"nova.conf": file}, found)["nova.conf"]
    assert [error.message for error in verdict.warnings] == ["nova has no option group [neutron]"]
    assert [error.message for error in verdict.errors] == ["nova has no option 'expire' in [token]"]


def test_bad_values_are_mistakes_and_deprecated_options_are_warnings() -> None:
    file = rendered("[DEFAULT]\nlogdir = /x\n[token]\nexpiration = 2h\n")
    found = answer(
        invalid=[["token", "expiration", "invalid literal '2h'"]],
        deprecated=[["DEFAULT", "logdir", "use [DEFAULT] log_dir"]],
    )
    verdict = verdicts("nova", {"nova.conf": file}, found)["nova.conf"]
    assert str(verdict.errors[0]).startswith(
        f"{ORIGIN}:4: [token] expiration does not take this value: invalid literal"
    )
    assert str(verdict.warnings[0]) == f"{ORIGIN}:2: [DEFAULT] logdir is deprecated\n  remedy: use [DEFAULT] log_dir"


def test_no_answer_is_a_failure_of_the_image() -> None:
    with pytest.raises(UserError, match="does not tell") as caught:
        verdicts("nova", {"nova.conf": rendered("")}, "Traceback")
    assert caught.value.exit_code == 1
