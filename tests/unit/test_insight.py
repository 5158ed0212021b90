"""Every value of a merged file with the file and line that decided it, secrets masked; through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kolla_lite import paths
from kolla_lite.cli.main import run
from kolla_lite.config.difference import MASK
from kolla_lite.source import load

TEMPLATE = "ansible/roles/keystone/templates/keystone.conf.j2"


@pytest.fixture
def cloud(tmp_path: Path) -> Path:
    """A cloud whose layers each decide one option of keystone.conf."""
    directory = tmp_path / "cloud"
    assert run(["init", "--config", str(directory)]) == 0
    for name, text in {
        "global.conf": "[DEFAULT]\nuse_stderr = false\n[token]\nexpiration = 1\n",
        "keystone.conf": "# why\n[token]\nexpiration = 2\ncaching = true\n[cache]\nenabled = false\n",
        "keystone/keystone.conf": "[token]\nexpiration = 3\n\ncaching = false\n",
        "keystone/localhost/keystone.conf": "[token]\n\n\nexpiration = 4\n[ldap]\npassword = not-for-eyes\n",
        "policy.yaml": "admin: role:admin\n",
    }.items():
        path = directory / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def shown(cloud: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["config", "show", "keystone", "--config", str(cloud), *arguments]) == 0
    return capsys.readouterr().out


def test_each_layer_is_named_with_its_line(cloud: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(shown(cloud, capsys, "--file", "keystone.conf", "--json"))["files"][0]
    assert found["destination"] == "/etc/keystone/keystone.conf"
    places = {(o["section"], o["option"]): (o["values"], o["file"], o["line"]) for o in found["options"]}
    config = cloud / "config"
    assert places["token", "expiration"] == (["4"], str(config / "keystone/localhost/keystone.conf"), 4)
    assert places["token", "caching"] == (["false"], str(config / "keystone/keystone.conf"), 4)
    assert places["cache", "enabled"] == (["false"], str(config / "keystone.conf"), 6)
    assert places["DEFAULT", "use_stderr"] == (["false"], str(config / "global.conf"), 2)
    values, file, line = places["token", "provider"]
    assert (values, file) == (["fernet"], str(paths.DATA / TEMPLATE))
    assert Path(file).read_text().splitlines()[line - 1] == "provider = fernet"


def test_as_people_read_it(cloud: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(cloud, capsys).splitlines()
    assert lines[0] == "keystone.conf of keystone"
    (line,) = [line for line in lines if line.startswith("use_stderr")]
    assert line.split() == ["use_stderr", "=", "false", "<-", "config/global.conf:2"]
    (other,) = [line for line in lines if line.startswith("enabled")]
    assert line.index("<-") == other.index("<-")
    assert "policy.yaml of keystone, from config/policy.yaml" in lines
    assert "admin: role:admin" in lines


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_secret_is_shown(cloud: Path, capsys: pytest.CaptureFixture[str], form: list[str]) -> None:
    text = shown(cloud, capsys, *form)
    secrets = load(cloud / "passwords.yml").data
    assert MASK in text
    assert "not-for-eyes" not in text
    assert not [name for name, value in secrets.items() if isinstance(value, str) and value in text]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--secrets"], "secrets are shown only on a terminal"),
        (["--file", "keyston.conf"], "did you mean `keystone.conf`?"),
        (["--container", "keystone_api"], "did you mean `keystone`?"),
        (["--host", "nohost"], "keystone does not run on nohost"),
    ],
)
def test_what_cannot_be_shown(
    cloud: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(["config", "show", "keystone", "--config", str(cloud), *arguments]) == 2
    assert message in capsys.readouterr().err
