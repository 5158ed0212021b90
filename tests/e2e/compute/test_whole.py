"""The cloud as its operator sees it: what runs, with what power, and that it stays as it is."""

from __future__ import annotations

import json

import docker
import pytest
from here import SPEC_LABEL, Cloud, ours

from kolla_lite.service.registry import load_services

pytestmark = pytest.mark.e2e


def test_every_service_of_the_profile_runs(cloud: Cloud) -> None:
    services = [service for service in load_services().values() if service.enabled is True]
    assert {container.name for service in services for container in service.containers} <= set(ours())
    assert json.loads(cloud.run("check", "--json"))["well"]


def test_images_of_openstack_are_small(cloud: Cloud) -> None:
    openstack = [service for service in load_services().values() if service.image and service.image.distribution]
    names = {container.name for service in openstack for container in service.containers}
    running = docker.from_env().containers.list(filters={"label": SPEC_LABEL})
    sizes = {found.name: found.image.attrs["Size"] for found in running if found.name in names}
    assert {"cinder_volume", "nova_api"} <= set(sizes)
    assert {name: size for name, size in sizes.items() if size >= 450e6} == {}


def test_a_server_boots_is_reached_and_keeps_a_volume(cloud: Cloud) -> None:
    report = json.loads(cloud.run("verify", "--json"))
    assert [(step["step"], step["state"]) for step in report["steps"]] == [
        (step, "passed") for step in ("image", "network", "server", "reach", "volume", "clean up")
    ]
    left = cloud.run("exec", "toolbox", "openstack", "network", "list", "-f", "value", "-c", "Name")
    assert "kolla-lite-verify" not in left


def test_the_image_tiny_is_there_once(cloud: Cloud) -> None:
    tiny = cloud.connect().image.find_image("tiny", ignore_missing=False)
    assert tiny.visibility == "public"
    assert "uploaded" not in cloud.run("post-deploy")
    assert [image.id for image in cloud.connect().image.images(name="tiny")] == [tiny.id]


def test_again_changes_nothing(cloud: Cloud) -> None:
    before = ours()
    assert "nothing had to change" in cloud.run("up")
    assert ours() == before


def test_no_container_is_privileged(cloud: Cloud) -> None:
    declared = {c.name: c for service in load_services().values() for c in service.containers}
    for container in docker.from_env().containers.list(filters={"label": SPEC_LABEL}):
        settings = container.attrs["HostConfig"]
        assert not settings["Privileged"], container.name
        assert settings["CapDrop"] == ["ALL"], container.name
        capabilities = [name.removeprefix("CAP_") for name in settings["CapAdd"] or []]
        assert sorted(capabilities) == sorted(declared[container.name].capabilities), container.name
        assert "no-new-privileges" in settings["SecurityOpt"], container.name
