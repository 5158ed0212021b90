"""One machine, from nothing to a token: `kolla-lite up`, then everything a user does with a running cloud."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from here import Cloud, brought_up, ours

pytestmark = pytest.mark.e2e
CONTAINERS = {"haproxy", "mariadb", "memcached", "rabbitmq", "toolbox", "keystone"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud of Keystone alone."""
    with brought_up(tmp_path_factory.mktemp("operator") / "cloud", "--profile", "minimal") as made:
        yield made


def test_up_tells_what_runs_where_and_how_to_use_it(cloud: Cloud) -> None:
    assert "the cloud is up" in cloud.said[0]
    assert f"OS_CLIENT_CONFIG_FILE={cloud.directory}/clouds.yaml" in cloud.said[0]
    assert set(ours()) >= CONTAINERS


def test_up_again_changes_nothing_and_says_so(cloud: Cloud) -> None:
    before = ours()
    assert "nothing had to change" in cloud.run("up")
    assert ours() == before
    assert "nothing to change" in cloud.run("plan")
    assert json.loads(cloud.run("deploy", "--json"))["steps"] == []


def test_a_token_from_the_toolbox_and_from_the_sdk(cloud: Cloud) -> None:
    assert "gAAAAA" in cloud.run("exec", "toolbox", "openstack", "token", "issue", "-c", "id", "-f", "value")
    connection = cloud.connect()
    assert {service.type for service in connection.identity.services()} == {"identity"}
    project = connection.identity.create_project(name="p1", domain_id="default")
    user = connection.identity.create_user(name="u1", default_project_id=project.id, password="a long password")
    member = connection.identity.find_role("member")
    connection.identity.assign_project_role_to_user(project, user, member)
    assigned = list(connection.identity.role_assignments_filter(user=user, project=project))
    assert [role.name for role in assigned] == ["member"]


def test_check_finds_a_stopped_container_and_start_mends_it(cloud: Cloud) -> None:
    assert json.loads(cloud.run("check", "--json"))["well"]
    cloud.run("stop", "mariadb")  # without its database an API answers, and is not well
    states = {(e["kind"], e["name"]): e["state"] for e in json.loads(cloud.run("check", "--json", code=1))["health"]}
    assert states["container", "keystone"] == "unhealthy"
    cloud.run("start")
    cloud.run("stop", "keystone")
    states = {(e["kind"], e["name"]): e["state"] for e in json.loads(cloud.run("check", "--json", code=1))["health"]}
    assert states["container", "keystone"] == "exited"
    assert states["endpoint", "keystone"] == "unhealthy"
    assert states["container", "mariadb"] == "healthy"
    assert "start container keystone: exited" in cloud.run("plan", code=3)
    assert "started 1 containers" in cloud.run("start")
    assert json.loads(cloud.run("check", "--json"))["well"]


def test_rotated_keys_keep_live_tokens_valid(cloud: Cloud) -> None:
    before, connection = ours(), cloud.connect()
    token = connection.session.get_token()
    for _ in range(2):
        cloud.run("rotate", "keystone", "--keyring", "fernet_keys")
    answer = connection.session.get(
        f"{connection.session.get_endpoint(service_type='identity')}/auth/tokens", headers={"X-Subject-Token": token}
    )
    assert answer.status_code == 200
    assert {name: ours()[name] for name in CONTAINERS} == {name: before[name] for name in CONTAINERS}
    assert cloud.connect().session.get_token() != token
    cloud.run("rotate", "keystone")  # the credentials' keys too, with their migration
    assert "nothing to change" in cloud.run("plan")


def test_logs_and_containers_by_name(cloud: Cloud) -> None:
    assert "ready for connections" in cloud.call("logs", "mariadb", "--tail", "all", errors=subprocess.DEVNULL).stdout
    assert "did you mean `mariadb`?" in cloud.run("logs", "mariabd", code=2)


def test_one_option_recreates_one_container(cloud: Cloud) -> None:
    override = cloud.directory / "config" / "keystone.conf"
    override.write_text("[DEFAULT]\ninsecure_debug = true\n")
    before = ours()
    said = cloud.run("plan", code=3)
    assert "recreate container keystone: keystone.conf changed" in said
    cloud.run("deploy")
    changed = {name for name, identity in ours().items() if before.get(name) != identity}
    assert changed == {"keystone"}
    override.unlink()
    cloud.run("deploy", "keystone")


def test_it_asks_before_a_service_that_is_off_is_removed(cloud: Cloud) -> None:
    settings, before = cloud.directory / "globals.yml", ours()
    chosen = settings.read_text()
    settings.write_text(f"{chosen}services: {{rabbitmq: false}}\n")
    assert "agree with --yes" in cloud.run("up", code=2)  # nobody could be asked
    asked = cloud.answer("Remove them? [y/N]:", "n", "up", code=130)
    assert "rabbitmq on localhost: container rabbitmq" in asked
    assert ours() == before
    cloud.answer("Remove them? [y/N]:", "y", "up")
    assert set(before) - set(ours()) == {"rabbitmq"}
    assert "rabbitmq" in {volume.name for volume in docker.from_env().volumes.list()}
    settings.write_text(chosen)
    cloud.run("up")
    assert set(ours()) == set(before)


def test_the_files_of_another_cloud_change_nothing(cloud: Cloud, tmp_path: Path) -> None:
    other, before = Cloud(tmp_path / "cloud"), ours()
    other.run("init", "--profile", "minimal")
    for command in (["plan"], ["up"], ["stop"], ["destroy", "--volumes", "--yes"]):
        assert "localhost: it belongs to another cloud" in other.run(*command, code=2)
    assert ours() == before
    assert "nothing to change" in cloud.run("plan")


def test_no_secret_was_shown(cloud: Cloud) -> None:
    assert cloud.shown() == []


def test_a_destroyed_cloud_keeps_its_data(cloud: Cloud) -> None:
    cloud.run("destroy", code=130)  # nobody confirms
    assert set(ours()) >= CONTAINERS
    cloud.run("destroy", "--yes")
    assert not ours()
    cloud.run("up")
    assert cloud.connect().identity.find_user("u1") is not None
