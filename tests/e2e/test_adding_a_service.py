"""A service is data: the one of docs/adding-a-service.md, in folders of its own, is built, deployed and used."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from clouds import ROOT, Cloud, cloud_of, copy_of_the_tree
from machines import Machines

pytestmark = pytest.mark.e2e
EXAMPLE = ROOT / "docs/examples/hello"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One host, deployed from a copy of this tree to which nothing but the example's folders was added."""
    folder: Path = tmp_path_factory.mktemp("hello")
    tree = copy_of_the_tree(folder)
    shutil.copytree(EXAMPLE, tree, dirs_exist_ok=True)
    roles = {"host1": ["control", "network", "compute", "storage"]}
    with (
        Machines(folder, count=1, engine=True) as machines,
        cloud_of(folder, machines, roles, tree) as made,
    ):
        made.run("bootstrap")
        made.run("deploy")
        yield made


def test_its_files_are_no_part_of_anything_else() -> None:
    added = {path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*") if path.is_file()}
    assert added
    assert {path for path in added if not path.startswith(("ansible/roles/hello/", "docker/hello/"))} == set()


def test_it_is_in_the_catalogue_with_its_user(cloud: Cloud) -> None:
    shown = cloud.run("exec", "toolbox", "openstack", "catalog", "show", "hello", "-f", "value", "-c", "endpoints")
    assert f"http://{cloud.machines['host1'].address}:8900/v1" in shown
    users = cloud.run(
        "exec", "toolbox", "openstack", "user", "list", "--project", "service", "-f", "value", "-c", "Name"
    )
    assert "hello" in users.split()


def test_its_database_and_queue_user_are_there(cloud: Cloud) -> None:
    host = cloud.machines["host1"]
    assert host.run("docker exec mariadb mariadb --batch --execute 'SELECT id FROM hello.visits'")
    listed = host.run("docker exec rabbitmq rabbitmqctl list_users --quiet --no-table-headers").stdout
    assert "hello" in [line.split()[0] for line in listed.splitlines()]


def test_its_api_answers_through_haproxy(cloud: Cloud) -> None:
    visits = []
    for _ in range(2):
        with urllib.request.urlopen(f"http://{cloud.machines['host1'].address}:8900/v1", timeout=20) as answer:
            said = json.loads(answer.read())
        assert (said["greeting"], said["identity"]) == ("Hello from host1", "hello")
        visits.append(said["visit"])
    assert visits[1] == visits[0] + 1
    assert cloud.json("check", "hello")["well"]


def test_again_changes_nothing_and_an_override_changes_it_alone(cloud: Cloud) -> None:
    assert cloud.json("plan")["steps"] == []
    cloud.write("config/hello.conf", "[DEFAULT]\ngreeting = Bonjour\n")
    steps = cloud.json("deploy")["steps"]
    assert {step["service"] for step in steps} == {"hello"}
    with urllib.request.urlopen(f"http://{cloud.machines['host1'].address}:8900/v1", timeout=20) as answer:
        assert json.loads(answer.read())["greeting"] == "Bonjour"


def test_switched_off_it_goes(cloud: Cloud) -> None:
    globals_ = (cloud.directory / "globals.yml").read_text()
    cloud.write("globals.yml", f"{globals_}services: {{hello: false}}\n")
    (cloud.directory / "config/hello.conf").unlink()
    steps = {(step["kind"], step["name"], step["action"]) for step in cloud.json("deploy", "--yes")["steps"]}
    assert ("container", "hello", "remove") in steps
    assert cloud.json("plan")["steps"] == []
