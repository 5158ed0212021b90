"""`kolla-lite inventory`, and that Ansible sees the same through the plugin, through the export and in our own lists."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kolla_lite import paths
from kolla_lite.cli.main import run
from kolla_lite.service.registry import load_services

HOSTILE = "{{ lookup('pipe', 'touch TOUCHED') }}"
HOSTS = """\
hosts:
  ctl[1:2]:
    address: 10.0.0.[11:12]
    roles: [control, network]
    zone: rack-1
    vars: {evil: "%s", "nested": ["{%% x %%}", "q\\"uo", "new\\nline", "#jinja2: x", {"{{ k }}": 1.5}], plain: B 12}
    ssh: {port: 2222, user: ops, key: ~/.ssh/cloud, options: {ProxyJump: bastion, SetEnv: "A={{ b }} c'd"}}
  me: {address: 10.0.0.99, connection: local, roles: []}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hosts.yml").write_text(HOSTS % HOSTILE.replace("TOUCHED", str(tmp_path / "touched")))
    (tmp_path / "globals.yml").write_text("profile: minimal\nservices: {registry: false}\n")
    return tmp_path


def ansible(program: str, *arguments: str, config: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ANSIBLE_CONFIG": str(config)}
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)


def listed(source: Path, config: Path) -> dict[str, Any]:
    done = ansible("ansible-inventory", "-i", str(source), "--list", config=config, cwd=source.parent)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    found["_meta"].pop("profile", None)
    return found


def ours(folder: Path, *arguments: str) -> int:
    return run(["inventory", "--config", str(folder), *arguments])


def test_ansible_sees_the_same_through_plugin_and_export_and_we_list_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported, no_config = folder / "exported.yml", folder / "ansible.cfg"
    no_config.touch()
    assert ours(folder, "--export", str(exported)) == 0
    assert ours(folder, "--json") == 0
    list_of_ours = json.loads(capsys.readouterr().out)
    through_plugin = listed(folder / "hosts.yml", paths.ANSIBLE / "ansible.cfg")
    assert through_plugin == listed(exported, no_config) == list_of_ours
    assert not (folder / "touched").exists()


def test_the_tree_is_that_of_ansible(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = ansible("ansible-inventory", "-i", "hosts.yml", "--graph", config=paths.ANSIBLE / "ansible.cfg", cwd=folder)
    assert ours(folder, "--graph") == 0
    assert capsys.readouterr().out == done.stdout
    order = list(load_services())
    after = order[order.index("registry") + 1]
    assert f"@registry:\n  |--@{after}" in done.stdout, "the group of a service that is off is there, and empty"


def test_ansible_runs_from_any_directory_and_takes_variables_for_data(folder: Path) -> None:
    done = ansible(
        *("ansible", "me,ctl1", "-i", str(folder / "hosts.yml"), "-c", "local", "-m", "debug", "-a", "msg={{ evil }}"),
        config=paths.ANSIBLE / "ansible.cfg",
        cwd=Path("/"),
    )
    assert "touch " in done.stdout
    assert not (folder / "touched").exists()
    ping = ansible(
        *("ansible", "me", "-i", str(folder / "hosts.yml"), "-m", "ping"),
        config=paths.ANSIBLE / "ansible.cfg",
        cwd=Path("/"),
    )
    assert ping.returncode == 0 and "pong" in ping.stdout


def test_ansible_stops_at_a_mistake_and_shows_where_it_is(folder: Path) -> None:
    path = folder / "hosts.yml"
    path.write_text(path.read_text().replace("zone: rack-1", "zne: rack-1"))
    done = ansible("ansible-inventory", "-i", str(path), "--list", config=paths.ANSIBLE / "ansible.cfg", cwd=folder)
    assert done.returncode != 0
    assert f"{path}:5:5: unknown key 'zne'" in done.stderr
    assert "did you mean `zone`?" in done.stderr


def test_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ours(folder) == 0
    table = capsys.readouterr().out
    assert table.splitlines()[0].split() == ["host", "address", "zone", "roles", "services"]
    row = next(line for line in table.splitlines() if line.startswith("ctl2"))
    assert row.startswith("ctl2  10.0.0.12  rack-1  control, network  ")
    assert "keystone" in row and "mariadb" not in row
    assert "service registry is off: globals.yml says so" in table


def test_explain_answers_for_every_service_and_container(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for service in load_services().values():
        for name in (service.name, *(container.name for container in service.containers)):
            assert ours(folder, "--explain", name) == 0
            output = capsys.readouterr().out
            assert output.startswith(name)
            groups = [line for line in output.splitlines() if line and not line.startswith(" ")]
            assert output.count("  in ") + output.count("  out ") == 3 * len(groups)


def test_explain_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ours(folder, "--explain", "registry", "--json") == 0
    [explanation] = json.loads(capsys.readouterr().out)
    assert explanation["group"] == "registry"
    assert explanation["hosts"][0] == {
        "host": "ctl1",
        "in": False,
        "why": "service registry is off: globals.yml says so",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--explain", "keystne"], "did you mean `keystone`?"),
        (["--host", "ctl3"], "did you mean `ctl2`?"),
        (["--graph", "--host", "me"], "exclude one another"),
        (["--export", "/proc/none"], "/proc/none: cannot be written"),
    ],
)
def test_what_cannot_be_is_refused(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ours(folder, *arguments) == 2
    assert message in capsys.readouterr().err


def test_the_variables_of_a_host(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ours(folder, "--host", "ctl1") == 0
    variables = json.loads(capsys.readouterr().out)
    assert variables["ansible_host"] == "10.0.0.11"
    assert variables["ansible_ssh_common_args"] == {
        "__ansible_unsafe": """-o ProxyJump=bastion -o 'SetEnv=A={{ b }} c'"'"'d'"""
    }
    assert variables["plain"] == "B 12"
    assert ours(folder, "--host", "me") == 0
    assert json.loads(capsys.readouterr().out)["ansible_python_interpreter"] == sys.executable


def test_the_plugin_documents_itself(tmp_path: Path) -> None:
    arguments = ("-t", "inventory", "kolla_lite.core.hosts")
    done = ansible("ansible-doc", *arguments, config=paths.ANSIBLE / "ansible.cfg", cwd=tmp_path)
    assert done.returncode == 0 and "EXAMPLES" in done.stdout
