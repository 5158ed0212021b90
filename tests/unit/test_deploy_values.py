"""Everything that a deployment decides without a host: images, resources, playbook, commands, what is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from kolla_lite import paths
from kolla_lite.cloud import ADMIN_ACCOUNT, Cloud
from kolla_lite.deploy import images
from kolla_lite.deploy.access import find_container, on_host
from kolla_lite.deploy.desired import desired_state
from kolla_lite.deploy.playbook import render, services_of, together_with
from kolla_lite.deploy.progress import describe
from kolla_lite.deploy.report import health_of, is_well, plan_text
from kolla_lite.deploy.resources import desired_resources
from kolla_lite.deploy.run import Outcome
from kolla_lite.errors import UserError
from kolla_lite.service.declaration import Service
from kolla_lite.service.registry import load_services

ONE_REMOTE = "hosts: {far: {address: 10.0.0.9, roles: [control, network, compute, storage]}}\n"


@pytest.fixture(scope="module")
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    return make_cloud()


def mounts(cloud: Cloud, container: str) -> list[dict[str, Any]]:
    """How volumes and shares come into a container of the first host."""
    services = desired_state(cloud, "ctl1").values()
    found: list[dict[str, Any]] = next(
        s.containers[container]["volumes"] for s in services if container in s.containers
    )
    return found


# MD5 of "localhost:/srv/volumes" and "nas:/volumes", which Cinder and Nova look for a share by.
FOLDER, EXPORT = "9c6a3a4f5e068f8108906bd044c189ab", "adae36b9ede3699049b9248d3712dff5"


@pytest.mark.parametrize(
    ("container", "below"),
    [
        ("cinder_volume", "/var/lib/cinder"),
        ("cinder_backup", "/var/lib/cinder"),
        ("nova_compute", "/var/lib/nova"),
        ("libvirt", "/var/lib/nova"),
    ],
)
def test_a_share_is_where_cinder_and_nova_look_for_it(
    make_cloud: Callable[..., Cloud], container: str, below: str
) -> None:
    share = "/srv/volumes"
    assert [
        v for v in mounts(make_cloud(f"profile: compute\nstorage: {{share: {share}}}\n"), container) if "share" in v
    ] == [{"source": share, "path": f"{below}/mnt/{FOLDER}", "read_only": False, "share": share}]
    share = "nas:/volumes"
    assert mounts(make_cloud(f"profile: compute\nstorage: {{share: '{share}'}}\n"), container)[-1] == (
        {"source": f"share_{EXPORT}", "path": f"{below}/mnt/{EXPORT}", "read_only": False, "share": share}
    )
    assert not [v for v in mounts(make_cloud("profile: compute\n"), container) if "share" in v]


# ---- images ----


def image_steps(cloud: Cloud, host: str, found: Mapping[str, str] = {}, registry: str = "missing") -> list[str]:
    """The steps for images on a host that has the `found` ones; every image is built, with its name as its id."""
    built = {reference: f"sha256:{name}" for reference, name in images.image_names(cloud).items()}
    observed = {"containers": {"registry": {"status": registry}}, "images": dict(found)}
    return [str(step) for step in images.plan_images(cloud, host, desired_state(cloud, host), observed, built)]


def test_the_first_images_of_a_cloud(cloud: Cloud) -> None:
    steps = image_steps(cloud, "ctl1")
    assert steps[0] == "copy image kolla-lite/registry:2026.1: not the image built here"
    assert "push image 10.0.0.11:4000/kolla-lite/keystone:2026.1: not in the registry" in steps
    assert len(steps) == len(images.image_names(cloud))
    assert image_steps(cloud, "ctl2") == []


def test_a_registry_that_holds_everything_or_something_old(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    names = images.image_names(cloud)
    held = {reference: f"sha256:{name}" for reference, name in names.items()}
    monkeypatch.setattr(images, "_held", held.get)
    found = {"kolla-lite/registry:2026.1": "sha256:kolla-lite/registry:2026.1"}
    assert image_steps(cloud, "ctl1", found, "running") == []
    held["10.0.0.11:4000/kolla-lite/keystone:2026.1"] = "sha256:0123456789abcdef"
    assert image_steps(cloud, "ctl1", found, "running") == [
        "push image 10.0.0.11:4000/kolla-lite/keystone:2026.1: the registry holds 0123456789ab, not kolla-lite/k"
    ]


def test_a_single_remote_host_gets_copies(make_cloud: Callable[..., Cloud]) -> None:
    steps = image_steps(make_cloud(hosts=ONE_REMOTE), "far")
    assert "copy image kolla-lite/keystone:2026.1: not the image built here" in steps
    assert all(step.startswith("copy") for step in steps)


def test_the_operators_own_registry_is_left_alone(make_cloud: Callable[..., Cloud]) -> None:
    assert image_steps(make_cloud("images: {registry: registry.example.com}\n"), "ctl1") == []


# ---- resources ----


def test_a_host_fetches_what_it_lacks_or_has_an_older_one_of(cloud: Cloud) -> None:
    desired = desired_state(cloud, "ctl2")
    names = [f"10.0.0.11:4000/kolla-lite/{name}:2026.1" for name in ("memcached", "keystone")]
    built = {name: f"sha256:{name}" for name in names}

    def fetched(
        held: Mapping[str, str], of: Mapping[str, str] = built, services: str = "memcached keystone"
    ) -> list[str]:
        chosen = [service for name, service in desired.items() if name in services.split()]
        return images.absent(cloud, chosen, {"images": held}, of)

    assert fetched({}) == names
    assert fetched({}, services="keystone") == names[1:]
    assert fetched({names[0]: built[names[0]], names[1]: "sha256:old"}) == names[1:]
    assert fetched(built) == []
    assert fetched(dict.fromkeys(names, "sha256:whatever"), of={}) == []


def test_a_single_host_fetches_nothing(make_cloud: Callable[..., Cloud]) -> None:
    alone = make_cloud(hosts=ONE_REMOTE)
    assert images.absent(alone, desired_state(alone, "far").values(), {"images": {}}, {}) == []


def test_resources_follow_from_declarations(cloud: Cloud) -> None:
    secret = cloud.secrets.get
    wanted = desired_resources(cloud)
    assert set(wanted) == {"databases", "queues", "catalog"}
    assert wanted["databases"] == {
        "server": {
            "host": "10.0.0.11",
            "port": 3306,
            "user": ADMIN_ACCOUNT,
            "password": secret("mariadb_admin_password"),
        },
        "wanted": {"keystone": {"password": secret("keystone_database_password"), "databases": ["keystone"]}},
    }
    assert wanted["queues"]["server"]["url"] == "http://10.0.0.11:15672"
    assert wanted["catalog"]["services"] == {"keystone": {"type": "identity", "url": "http://10.0.0.11:5000/v3"}}


def test_a_service_that_makes_users_has_a_domain_and_roles(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud("services: {heat: true}\n")
    wanted = desired_resources(cloud)["catalog"]
    admin = {"admin": "heat_stacks_admin", "password": cloud.secrets.get("heat_domain_admin_password")}
    assert (wanted["domains"], wanted["roles"]) == ({"heat_stacks": admin}, ["heat_stack_user"])


def test_an_account_without_a_scope_names_no_project(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud("services: {heat: true}\n")
    heat = cloud.services["heat"]
    account = cloud.context(heat, heat.containers[0], cloud.hosts["ctl1"])["account"]
    assert "project_name = service" in account()
    assert "project" not in account(scoped=False)


def test_static_files_need_a_wsgi_application() -> None:
    container = {"name": "a", "place": {"role": "control"}, "command": "a", "static": {"/static": "/srv"}}
    service = {"name": "a", "description": "A.", "user": {"name": "a", "uid": 1}, "containers": [container]}
    with pytest.raises(ValueError, match="container a has static files, but no WSGI application"):
        Service.model_validate(service)


def test_what_is_off_needs_no_resources(make_cloud: Callable[..., Cloud]) -> None:
    assert set(desired_resources(make_cloud("services: {rabbitmq: false}\n"))) == {"databases", "catalog"}


# ---- playbook ----


def test_site_yml_is_what_the_declarations_make() -> None:
    assert (paths.ANSIBLE / "site.yml").read_text() == render(load_services()), (
        "run `kolla-lite site > ansible/site.yml`"
    )


def plays() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(render(load_services()))
    return found


def together() -> list[list[str]]:
    """The services of each play that has some."""
    return [role["service_names"] for play in plays() for role in play.get("roles", []) if isinstance(role, dict)]


def test_services_change_in_plays_after_what_they_need() -> None:
    number = {name: place for place, names in enumerate(together()) for name in names}
    for service in load_services().values():
        assert all(number[needed] < number[service.name] for needed in service.after)
    assert len(set(number.values())) < len(number) / 2


def test_a_play_names_its_services() -> None:
    named = [services_of(play["name"]) for play in plays() if "service_names" in str(play)]
    assert named == together()
    assert {name: names[0] for names in named for name in names} == together_with(load_services())


def test_apis_change_one_host_at_a_time() -> None:
    serial = {name for play in plays() if play.get("serial") == 1 for name in play["tags"]}
    assert serial == {service.name for service in load_services().values() if service.endpoints}


def test_resources_are_there_before_what_needs_them() -> None:
    order = [
        task["kolla_lite.core.service_resources"]["service"]
        if "kolla_lite.core.service_resources" in task
        else play["tags"]
        for play in plays()
        for task in play.get("tasks", [{}])
    ]
    assert order.index("mariadb") < order.index(["keystone"]) < order.index("keystone")


# ---- commands on hosts ----


def test_a_command_here_stays_as_it_is(make_cloud: Callable[..., Cloud]) -> None:
    local = "hosts: {me: {address: 127.0.0.1, roles: [control, network, compute, storage], connection: local}}\n"
    assert on_host(make_cloud(hosts=local).hosts["me"], ["docker", "logs", "a b"]) == ["docker", "logs", "a b"]


def test_a_command_elsewhere_goes_through_ssh_as_hosts_yml_says(cloud: Cloud) -> None:
    command = on_host(cloud.hosts["ctl2"], ["docker", "exec", "web", "echo", "$HOME; rm 'x'"], terminal=True)
    assert command[:2] == ["ssh", "-t"]
    assert {"Port=2222", "User=debian", "IdentityFile=/root/key"} <= set(command)
    assert command[-2] == "10.0.0.12"
    assert "'$HOME; rm '\"'\"'x'\"'\"''" in command[-1]


def test_a_container_is_found_by_service_or_by_name(cloud: Cloud) -> None:
    assert find_container(cloud, "keystone", None) == (cloud.hosts["ctl1"], "keystone")
    assert find_container(cloud, "keystone", "ctl2") == (cloud.hosts["ctl2"], "keystone")
    for name, host, message in (("keystne", None, "no service or container"), ("mariadb", "ctl2", "does not run on")):
        with pytest.raises(UserError, match=message):
            find_container(cloud, name, host)


# ---- what is printed ----


@pytest.mark.parametrize(
    ("action", "result", "lines"),
    [
        ("plan", {"steps": []}, []),
        ("plan", {"steps": [{}, {}]}, ["2 changes to make"]),
        ("service_config", {"changed": True, "files": ["a", "b"]}, ["2 configuration files written"]),
        ("service_config", {"changed": False, "files": []}, []),
        ("service_jobs", {"changed": True, "output": {"db_sync": "…"}}, ["job db_sync done"]),
        ("service_containers", {"changed": True, "seconds": {"web": 1.5}}, ["container web ready in 1.5 s"]),
        ("service_images", {"changed": True, "do": "push", "images": ["i"]}, ["image i pushed"]),
        ("service_images", {"changed": True, "do": "copy", "images": ["i"]}, ["image i copied"]),
        (
            "service_resources",
            {
                "changed": True,
                "differences": [{"action": "create", "kind": "database", "name": "n", "cause": "not there"}],
            },
            ["create database n: not there"],
        ),
    ],
)
def test_a_finished_task_in_words(action: str, result: Mapping[str, Any], lines: list[str]) -> None:
    assert describe({"action": action, "result": result}) == lines


def test_a_plan_in_words() -> None:
    step = {
        "host": "h",
        "service": "web",
        "kind": "container",
        "name": "web",
        "action": "create",
        "cause": "[not] there",
    }
    text = plan_text(Outcome(steps=[{**step, "interrupts": "nothing"}], seconds=1.5))
    assert text.splitlines()[:2] == ["[bold]web[/] on h", r"  [green]create[/] container web: \[not] there"]
    assert "nothing to change" in plan_text(Outcome(seconds=1.5))


def test_health_of_all_hosts() -> None:
    entry = {"kind": "container", "name": "web", "state": "unhealthy", "detail": "x"}
    health = health_of(Outcome(results={"h": [{"health": [entry]}], "i": [{}]}))
    assert health == [{"host": "h", **entry}]
    assert [is_well({"state": state}) for state in ("healthy", "running", "unhealthy", "exited", "missing")] == [
        True,
        True,
        False,
        False,
        False,
    ]
