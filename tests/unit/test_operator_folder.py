"""init, validate and docs through the command line; and hostile secrets through every shipped template."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import yaml
from pymysql.converters import escape_string

from kolla_lite import paths
from kolla_lite.cli.main import run
from kolla_lite.config import secrets
from kolla_lite.config.secrets import Secrets
from kolla_lite.config.settings import Globals
from kolla_lite.deploy.desired import desired_state
from kolla_lite.inventory.hosts import load_hosts
from kolla_lite.source import loads, parse
from kolla_lite.validate import validated_cloud

ROOT = Path(__file__).parents[2]
HOSTILE = 'it\'s "{{ 7*7 }}" {% x %} {# y #} \\ $HOME ${x} `id` $(id) ; | & > < : @/?#% [a] = ,'


@pytest.fixture
def directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    directory = tmp_path / "new" / "cloud"
    assert run(["init", "--config", str(directory)]) == 0
    assert "kolla-lite up" in capsys.readouterr().out
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_init_writes_a_valid_private_folder(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert directory.stat().st_mode & 0o007 == 0
    assert (directory / "passwords.yml").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in directory.iterdir()} == {"globals.yml", "hosts.yml", "passwords.yml", "config"}
    begin = time.monotonic()
    assert run(["validate", "--config", str(directory)]) == 0
    assert time.monotonic() - begin < 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["✓ globals.yml", "✓ hosts.yml", "✓ passwords.yml"]
    assert lines[3].startswith("✓ every template, for 1 host and ")
    assert run(["validate", "--config", str(directory), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hosts"] == ["localhost"]


@pytest.mark.parametrize("left", ["globals.yml", "hosts.yml", "passwords.yml", "config"])
def test_init_never_overwrites(directory: Path, left: str, capsys: pytest.CaptureFixture[str]) -> None:
    for path in [path for path in directory.iterdir() if path.is_file() and path.name != left]:
        path.unlink()
    before = contents(directory)
    assert run(["init", "--config", str(directory)]) == 2
    assert contents(directory) == before
    error = capsys.readouterr().err
    assert "it exists already" in error
    assert "--update" in error


def test_update_adds_missing_secrets_only(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = directory / "passwords.yml"
    before = contents(directory)
    assert run(["init", "--config", str(directory), "--update"]) == 0
    assert contents(directory) == before
    path.write_text(re.sub(r"(?m)^keystone_admin_password: .*\n", "", path.read_text()))
    capsys.readouterr()
    assert run(["init", "--config", str(directory), "--update", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["added"] == ["keystone_admin_password"]
    assert run(["validate", "--config", str(directory)]) == 0
    after = contents(directory)
    assert {name for name in before if before[name] != after[name]} == {str(path)}
    assert run(["init", "--config", str(directory / "none"), "--update"]) == 2


@pytest.mark.parametrize("address", ["10.1.2.3", "fd00::7", "ctl.example.com"])
def test_init_with_an_address(tmp_path: Path, address: str) -> None:
    assert run(["init", "--config", str(tmp_path), "--address", address]) == 0
    assert load_hosts(tmp_path / "hosts.yml")["localhost"].address == address
    assert run(["validate", "--config", str(tmp_path)]) == 0


@pytest.mark.parametrize("address", ["10.1.2", "a b", "{{ x }}", "x\n  roles: []", "127.0.0.1/8", "'"])
def test_init_refuses_a_bad_address_and_writes_nothing(tmp_path: Path, address: str) -> None:
    assert run(["init", "--config", str(tmp_path / "cloud"), "--address", address]) == 2
    assert not (tmp_path / "cloud").exists()


def test_hostile_secrets_reach_every_file_unchanged(directory: Path) -> None:
    path = directory / "passwords.yml"
    cloud = validated_cloud(directory)
    chosen = [name for name, secret in secrets.declared(cloud.declared).items() if secret.kind == "password"]
    hostile = Secrets({**cloud.secrets.passwords, **dict.fromkeys(chosen, HOSTILE)}, cloud.secrets.keyrings)
    secrets.save(path, hostile, cloud.declared)
    files = {
        file.path: file.content.decode()
        for service in desired_state(validated_cloud(directory), "localhost").values()
        for file in service.files
    }
    assert json.loads(files["definitions.json"])["users"][0]["password"] == HOSTILE
    assert yaml.safe_load(files["clouds.yaml"])["clouds"]["kolla-lite"]["auth"]["password"] == HOSTILE
    assert f"'{escape_string(HOSTILE)}'" in files["init.sql"]
    assert files["admin_password"].rstrip("\n") == HOSTILE
    known = {"definitions.json", "clouds.yaml", "init.sql", "admin_password", "erlang.cookie"}
    assert not [name for name, text in files.items() if HOSTILE in text and name not in known]


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        ("globals --example", "etc/kolla-lite/globals.yml"),
        ("globals --markdown", "docs/reference/globals.md"),
        ("hosts --markdown", "docs/reference/hosts.md"),
        ("service --markdown", "docs/reference/service.md"),
    ],
)
def test_generated_files_are_current(arguments: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", *arguments.split()]) == 0
    assert (ROOT / file).read_text() == capsys.readouterr().out, f"run: kolla-lite docs {arguments} > {file}"


def test_the_shipped_globals_are_valid_as_they_are_and_uncommented() -> None:
    text = (paths.ETC / "globals.yml").read_text()
    assert parse(Globals, loads(text, "globals.yml")) == Globals()
    uncommented = re.sub(r"(?m)^#( *\w+:)", r"\1", text)
    assert parse(Globals, loads(uncommented, "globals.yml")).api_address == "cloud.example.com"


@pytest.mark.parametrize("topic", ["globals", "hosts", "service", "passwords", "overrides", "build"])
def test_every_topic_is_explained(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", topic]) == 0
    assert run(["docs", topic, "--markdown"]) == 0
    assert "| Key | Type |" in capsys.readouterr().out


def test_init_where_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run(["init", "--config", str(tmp_path / "file" / "cloud")]) == 2
    assert "cannot be written" in capsys.readouterr().err
