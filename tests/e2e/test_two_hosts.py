"""Two hosts: keystone on both behind haproxy on the first, images from the deployed registry, used as users would."""

from __future__ import annotations

import csv
import io
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import openstack
import pytest
import yaml
from clouds import Cloud, containers, state
from machines import Machines, docker

pytestmark = pytest.mark.e2e
STREAM_SECONDS = 60


def connect(cloud: Cloud) -> openstack.connection.Connection:
    """The cloud through openstacksdk, as clouds.yaml of post-deploy says."""
    clouds = yaml.safe_load((cloud.directory / "clouds.yaml").read_text())["clouds"]["kolla-lite"]
    return openstack.connect(load_yaml_config=False, **clouds)


def rotation(cloud: Cloud) -> dict[str, str]:
    """What haproxy thinks of each keystone, by host: UP or DOWN."""
    url = f"http://{cloud.machines['host1'].address}:61313/;csv"
    with urllib.request.urlopen(url, timeout=10) as answer:
        rows = csv.DictReader(io.StringIO(answer.read().decode().lstrip("# ")))
    return {
        row["svname"]: row["status"]
        for row in rows
        if row["pxname"] == "keystone" and row["svname"] in ("host1", "host2")
    }


def eventually(what: str, seconds: float, true: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.2)


@contextmanager
def stream(cloud: Cloud) -> Iterator[list[str]]:
    """Ask for a token every 0.2 s, for a minute at most, during the block; the list takes what every request led to."""
    results: list[str] = []
    done = threading.Event()

    def ask() -> None:
        end = time.monotonic() + STREAM_SECONDS
        while not done.wait(0.2) and time.monotonic() < end:
            try:
                results.append("token" if connect(cloud).session.get_token() else "nothing")
            except Exception as error:  # whatever a client can see
                results.append(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield results
    finally:
        done.set()
        thread.join()


def test_placement_and_where_images_come_from(cloud: Cloud, two_hosts: Machines) -> None:
    first, second = containers(two_hosts["host1"]), containers(two_hosts["host2"])
    assert {"registry", "haproxy", "mariadb", "rabbitmq", "memcached", "toolbox", "keystone"} <= set(first)
    assert set(second) == {"memcached", "keystone"}
    assert (
        second["keystone"]["Config"]["Image"] == f"{two_hosts['host1'].address}:4000/{cloud.namespace}/keystone:2026.1"
    )
    assert cloud.json("check")["well"]


def test_again_changes_nothing(cloud: Cloud, two_hosts: Machines) -> None:
    before = [state(machine) for machine in two_hosts]
    assert cloud.json("deploy")["steps"] == []
    assert "nothing to change" in cloud.run("plan", "--limit", "host2")
    assert [state(machine) for machine in two_hosts] == before


def test_users_projects_and_roles_with_the_sdk(cloud: Cloud) -> None:
    connection = connect(cloud)
    project = connection.identity.create_project(name="sdk", domain_id="default")
    user = connection.identity.create_user(name="sdk", password="a long password", domain_id="default")
    role = connection.identity.find_role("member")
    connection.identity.assign_project_role_to_user(project, user, role)
    account = {
        **connection.config.config["auth"],
        "username": "sdk",
        "password": "a long password",
        "project_name": "sdk",
    }
    assert openstack.connect(auth=account).session.get_project_id() == project.id
    connection.identity.delete_user(user)
    connection.identity.delete_project(project)
    assert connection.identity.find_user("sdk") is None


def test_users_projects_and_roles_with_the_client(cloud: Cloud) -> None:
    def client(*words: str) -> str:
        return cloud.run("exec", "toolbox", "openstack", *words)

    assert "gAAAAA" in client("token", "issue", "-c", "id", "-f", "value")
    client("project", "create", "cli")
    client("user", "create", "--project", "cli", "--password", "a long password", "cli")
    client("role", "add", "--user", "cli", "--project", "cli", "member")
    assert "member" in client("role", "assignment", "list", "--user", "cli", "--names", "-c", "Role", "-f", "value")
    client("user", "delete", "cli")
    assert "cli" not in client("user", "list", "-c", "Name", "-f", "value").split()


def test_one_keystone_stopped_is_not_missed(cloud: Cloud) -> None:
    assert rotation(cloud) == {"host1": "UP", "host2": "UP"}
    for host in ("host1", "host2"):
        cloud.run("stop", "keystone", "--limit", host)
        assert connect(cloud).session.get_token()
        eventually(f"{host} is out of rotation", 15, lambda host=host: rotation(cloud)[host].startswith("DOWN"))
        assert not cloud.json("check", "keystone", code=1)["well"]
        assert connect(cloud).session.get_token()
        cloud.run("start", "keystone")
        eventually("both are in rotation", 30, lambda: rotation(cloud) == {"host1": "UP", "host2": "UP"})


def test_a_changed_option_rolls_over_the_hosts_while_users_work(cloud: Cloud, two_hosts: Machines) -> None:
    before = {machine.name: containers(machine) for machine in two_hosts}
    cloud.write("config/keystone.conf", "[token]\nexpiration = 7200\n")
    with stream(cloud) as results:
        steps = cloud.json("deploy")["steps"]
    assert {(s["kind"], s["action"], s["cause"]) for s in steps} == {
        ("file", "write", "content changed"),
        ("container", "recreate", "keystone.conf changed"),
    }
    assert len(results) > 10
    assert set(results) == {"token"}
    after = {machine.name: containers(machine) for machine in two_hosts}
    started = []
    for host, found in after.items():
        assert {name for name in found if found[name]["Id"] != before[host][name]["Id"]} == {"keystone"}
        started.append(found["keystone"]["Created"])
    assert abs(_seconds(started[0]) - _seconds(started[1])) > 1  # the second only when the first was healthy


def _seconds(timestamp: str) -> float:
    hours, minutes, seconds = re.search(r"T(\d+):(\d+):([\d.]+)", timestamp).groups()  # type: ignore[union-attr]
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_a_rebuilt_image_reaches_the_hosts_that_run_it(cloud: Cloud, two_hosts: Machines) -> None:
    name = f"{cloud.namespace}/memcached:2026.1"
    container = docker("create", name)
    docker("commit", "--change", "LABEL rebuilt=yes", container, name)
    docker("rm", container)
    steps = {(s["kind"], s["name"], s["action"]) for s in cloud.json("deploy")["steps"]}
    assert steps == {
        ("image", f"{two_hosts['host1'].address}:4000/{name}", "push"),
        ("container", "memcached", "recreate"),
    }
    for machine in two_hosts:
        assert containers(machine)["memcached"]["Config"]["Labels"]["rebuilt"] == "yes"
    assert cloud.json("plan")["steps"] == []


def test_plain_ansible_does_the_same(cloud: Cloud, tmp_path: Path) -> None:
    site = str(cloud.tree / "ansible/site.yml")
    assert set(re.findall(r"changed=(\d+)", cloud.playbook(site))) == {"0"}
    cloud.write("config/keystone.conf", "[token]\nexpiration = 3600\n")
    assert "0" not in re.findall(r"changed=(\d+)", cloud.playbook(site))
    own = tmp_path / "own.yml"
    own.write_text("- hosts: keystone\n  gather_facts: false\n  roles: [keystone]\n")
    assert set(re.findall(r"changed=(\d+)", cloud.playbook(str(own)))) == {"0"}
    cloud.write("config/keystone.conf", "[token]\nexpiration = 5400\n")
    assert "0" not in re.findall(r"changed=(\d+)", cloud.playbook(str(own)))
    assert cloud.json("plan")["steps"] == []
