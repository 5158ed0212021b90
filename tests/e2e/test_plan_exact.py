"""A plan is exactly what a deployment then does: one input changes at a time, and every host is looked at before and after."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clouds import Cloud, containers, state
from machines import docker

from kolla_lite import paths

pytestmark = pytest.mark.e2e

Change = tuple[str, str, str, str]
"""Host, kind, name, action."""


@pytest.fixture(scope="module", autouse=True)
def as_before(cloud: Cloud) -> Iterator[None]:
    """Other tests find the operator's files and the hosts as they were."""
    kept = {path: path.read_text() for path in (cloud.directory / "globals.yml", cloud.directory / "passwords.yml")}
    name = image_of(cloud)
    docker("tag", name, f"{name}-kept")
    cloud.run("deploy")
    yield
    docker("tag", f"{name}-kept", name)
    docker("rmi", f"{name}-kept")
    for path, text in kept.items():
        path.write_text(text)
    for path in (cloud.directory / "config").rglob("keystone.conf"):
        path.unlink()
    cloud.run("deploy")


def seen(cloud: Cloud) -> dict[tuple[str, str, str], str]:
    """What is on every host, by host, kind and name."""
    found = {}
    for machine in cloud.machines:
        for name, info in containers(machine).items():
            kind = "container" if info["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped" else "job"
            found[machine.name, kind, name] = f"{info['Id']} {info['State']['Status'] if kind == 'container' else ''}"
        listing = "cd /etc/kolla && find . -type f -exec stat -c '%n %a-%u' {} + && find . -type f -exec sha256sum {} +"
        for line in machine.run(listing).stdout.splitlines():
            one, other = line.split()
            path, what = (one, other) if one.startswith("./") else (other, one)
            key = machine.name, "file", f"/etc/kolla/{path[2:]}"
            found[key] = f"{found.get(key, '')} {what}"
    return found


def changes(before: dict[tuple[str, str, str], str], after: dict[tuple[str, str, str], str]) -> set[Change]:
    """What a deployment has really done."""
    actions = {"file": ("create", "write"), "container": ("create", "recreate"), "job": ("run", "run")}
    found = {(*key, "remove") for key in before.keys() - after.keys()}
    found |= {(*key, actions[key[1]][0]) for key in after.keys() - before.keys()}
    return found | {(*key, actions[key[1]][1]) for key in before.keys() & after.keys() if before[key] != after[key]}


def steps(report: dict[str, Any], *kinds: str) -> set[Change]:
    return {(s["host"], s["kind"], s["name"], s["action"]) for s in report["steps"] if not kinds or s["kind"] in kinds}


def touching(report: dict[str, Any]) -> set[Change]:
    """The steps that can be seen on a host afterwards; a reload cannot."""
    return {step for step in steps(report, "file", "container", "job") if step[3] != "reload"}


def on(host: str, *found: str) -> set[Change]:
    """Changes of a host, written `action kind name`."""
    return {(host, kind, name, action) for action, kind, name in (line.split(" ", 2) for line in found)}


def replica(host: str) -> set[Change]:
    """The changes that another keystone.conf leads to."""
    return on(host, "write file /etc/kolla/keystone/keystone.conf", "recreate container keystone")


def option(cloud: Cloud) -> None:
    cloud.write("config/keystone.conf", "[token]\nexpiration = 7200\n")


def layer_of_a_host(cloud: Cloud) -> None:
    cloud.write("config/keystone/host2/keystone.conf", "[DEFAULT]\ninsecure_debug = false\n")


def image_of(cloud: Cloud) -> str:
    return f"{cloud.namespace}/memcached:2026.1"


def image(cloud: Cloud) -> None:
    made = docker("create", image_of(cloud))
    docker("commit", "--change", "LABEL another=one", made, image_of(cloud))
    docker("rm", made)


def password(cloud: Cloud, name: str) -> None:
    path = cloud.directory / "passwords.yml"
    text, count = re.subn(rf'(?m)^{name}: "\w+"$', f'{name}: "another0{name[:8]}0secret"', path.read_text())
    assert count == 1
    path.write_text(text)


def removed_by_hand(cloud: Cloud) -> None:
    cloud.machines["host2"].run("docker rm --force memcached")


def live_file_edited(cloud: Cloud) -> None:
    cloud.machines["host2"].run("echo '# by hand' >>/etc/kolla/keystone/bootstrap.py")


def by_hand(cloud: Cloud) -> None:
    """On one host a container is gone and a live file edited; on the other a file, and what a label tells."""
    removed_by_hand(cloud)
    live_file_edited(cloud)
    machine = cloud.machines["host1"]
    machine.run("echo '# by hand' >>/etc/kolla/toolbox/clouds.yaml")
    info = containers(machine)["memcached"]
    spec = json.loads(info["Config"]["Labels"]["kolla_lite.spec"])
    spec["environment"]["BY_HAND"] = "1"
    machine.run("docker rm --force memcached && cat >/tmp/label", stdin=f"kolla_lite.spec={json.dumps(spec)}\n")
    machine.run(f"docker create --restart unless-stopped --name memcached --label-file /tmp/label {info['Image']}")


def service_off(cloud: Cloud) -> None:
    cloud.write("globals.yml", f"{cloud.globals}services: {{rabbitmq: false}}\n")


def host_lost(cloud: Cloud) -> None:
    cloud.write("globals.yml", f"{cloud.globals}services: {{rabbitmq: false}}\nplacement: {{keystone: [host1]}}\n")


MEMCACHED = "recreate container memcached"
LEFT = ("write file /etc/kolla/toolbox/clouds.yaml", "recreate container toolbox", MEMCACHED)
CASES: dict[str, tuple[Callable[[Cloud], None], set[Change] | None]] = {
    "option": (option, replica("host1") | replica("host2")),
    "layer": (layer_of_a_host, replica("host2")),
    "image": (image, on("host1", MEMCACHED) | on("host2", MEMCACHED)),
    "secret": (lambda cloud: password(cloud, "keystone_database_password"), replica("host1") | replica("host2")),
    "hand": (
        by_hand,
        on("host1", *LEFT) | on("host2", "create container memcached", "write file /etc/kolla/keystone/bootstrap.py"),
    ),
    "off": (service_off, None),
    "lost": (host_lost, None),
}


@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_what_deploy_does(cloud: Cloud, name: str) -> None:
    change, expected = CASES[name]
    change(cloud)
    untouched, before = [state(machine) for machine in cloud.machines], seen(cloud)
    planned = cloud.json("plan", "--diff", code=3)
    assert [state(machine) for machine in cloud.machines] == untouched
    assert not [secret for secret in cloud.secrets() if secret in cloud.said[-1]]
    if name == "off":
        refused_without_consent(cloud, "host1", "rabbitmq")
        assert [state(machine) for machine in cloud.machines] == untouched
    done = cloud.json("deploy", *["--yes"] * (name == "off"))
    assert steps(done) == steps(planned)
    real = changes(before, seen(cloud))
    assert real == touching(planned)
    if expected is not None:
        assert real == expected
    assert all(step["cause"] for step in planned["steps"])


def refused_without_consent(cloud: Cloud, host: str, service: str) -> None:
    errors = cloud.json("deploy", code=2)["errors"]
    assert [(error["file"], error["service"]) for error in errors] == [(host, service)]
    assert "--yes" in errors[0]["remedy"]
    said = cloud.playbook(str(paths.ANSIBLE / "site.yml"), code=2)
    assert f"{service} is off, and would be removed: container {service}" in said


def test_what_left_a_host_is_gone_and_its_data_is_not(cloud: Cloud) -> None:
    assert "rabbitmq" in cloud.machines["host1"].run("docker volume ls --quiet").stdout.split()
    for host, service in (("host1", "rabbitmq"), ("host2", "keystone")):
        machine = cloud.machines[host]
        assert not [name for name in containers(machine) if name.startswith(service)]
        assert machine.run(f"find /etc/kolla/{service} -type f", check=False).stdout == ""
    assert cloud.json("plan")["steps"] == []
    assert cloud.json("check")["well"]


def test_administrators_passwords_change_in_one_deployment(cloud: Cloud) -> None:
    for name in ("mariadb_admin_password", "keystone_admin_password"):
        password(cloud, name)
    planned = cloud.json("plan", code=3)
    assert {step["name"] for step in planned["steps"] if step["action"] == "reconcile"} == {"databases", "catalog"}
    assert steps(cloud.json("deploy")) == steps(planned)
    assert cloud.json("plan")["steps"] == []
    assert "gAAAA" in cloud.run("exec", "toolbox", "openstack", "token", "issue", "-f", "value", "-c", "id")


def test_a_kept_plan_is_done_exactly_or_refused(cloud: Cloud, tmp_path: Path) -> None:
    """The plan is to give a host and a service back."""
    cloud.write("globals.yml", cloud.globals)
    kept = tmp_path / "plan.json"
    cloud.run("plan", "--out", str(kept), code=3)
    assert kept.stat().st_mode & 0o777 == 0o600
    removed_by_hand(cloud)
    before = [state(machine) for machine in cloud.machines]
    said = cloud.run("deploy", "--plan", str(kept), code=2)
    assert "host2: not in the plan: create container memcached: not there" in said
    cloud.write("config/keystone.conf", "[token]\nexpiration = 3600\n")
    assert "keystone.conf: changed since the plan was made" in cloud.run("deploy", "--plan", str(kept), code=2)
    assert [state(machine) for machine in cloud.machines] == before
    present = seen(cloud)
    planned = cloud.json("plan", "--out", str(kept), code=3)
    assert steps(cloud.json("deploy", "--plan", str(kept))) == steps(planned)
    assert changes(present, seen(cloud)) == touching(planned)


def test_ansible_checks_and_shows_without_changing(cloud: Cloud) -> None:
    live_file_edited(cloud)
    cloud.write("config/keystone.conf", "[token]\nexpiration = 1800\n")
    before = [state(machine) for machine in cloud.machines]
    said = cloud.playbook("--check", "--diff", str(paths.ANSIBLE / "site.yml"))
    assert "+expiration = 1800" in said
    assert "-# by hand" in said
    assert not [secret for secret in cloud.secrets() if secret in said]
    assert [state(machine) for machine in cloud.machines] == before
