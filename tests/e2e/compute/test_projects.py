"""Projects: what one has is not another's business, and no project has more than its quota."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from here import Cloud
from openstack import exceptions

from .users import Server, User, new_user

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def other(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    with new_user(cloud, tmp_path_factory.mktemp("other")) as made:
        yield made


def test_what_a_project_has_no_other_sees(user: User, other: User, web: Server) -> None:
    volume = user.api.block_storage.create_volume(name="mine", size=1)
    image = user.api.image.create_image(name="mine", disk_format="raw", container_format="bare")
    secret = user.api.key_manager.create_secret(name="mine", payload="a word", payload_content_type="text/plain")
    own = other.api
    assert list(own.compute.servers()) == []
    assert list(own.block_storage.volumes()) == []
    assert [network.name for network in own.network.networks()] == ["outside"]
    assert {found.visibility for found in own.image.images()} == {"public"}
    assert list(own.key_manager.secrets()) == []
    for get, thing in (
        (own.compute.get_server, web.id),
        (own.block_storage.get_volume, volume.id),
        (own.network.get_network, user.network.id),
        (own.image.get_image, image.id),
    ):
        with pytest.raises(exceptions.NotFoundException):
            get(thing)
    for path in ("", "/payload"):
        assert own.key_manager.get(f"/secrets/{secret.secret_id}{path}").status_code == 403
    user.api.key_manager.delete_secret(secret.secret_id)


def test_a_member_administers_nothing(user: User) -> None:
    for attempt in (
        lambda: list(user.api.compute.hypervisors()),
        lambda: list(user.api.identity.users()),
        lambda: user.api.compute.create_flavor(name="mine", ram=64, vcpus=1, disk=1),
        lambda: user.api.network.create_network(name="mine", is_router_external=True),
    ):
        with pytest.raises(exceptions.ForbiddenException):
            attempt()


def test_quotas_are_kept(other: User) -> None:
    own, admin = other.api, other.admin
    admin.compute.update_quota_set(other.project, instances=0)
    admin.block_storage.update_quota_set(other.project, volumes=1)
    admin.network.update_quota(other.project.id, networks=1)
    own.network.create_network(name="first")
    own.block_storage.create_volume(name="first", size=1)
    for attempt in (
        lambda: own.compute.create_server(
            name="first", image_id=other.tiny().id, flavor_id=other.flavor().id, networks="none"
        ),
        lambda: own.block_storage.create_volume(name="second", size=1),
        lambda: own.network.create_network(name="second"),
    ):
        with pytest.raises(exceptions.HttpException, match=r"[Qq]uota|exceeded"):
            attempt()
