"""A cloud without Ceph, whose volumes are files in a folder: they do all that volumes in Ceph do."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from compute.test_volumes import SECONDS, attached, copies, detach, volume
from compute.users import Server, User, new_user
from here import Cloud, brought_up, running

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    if found := running():
        yield found
        return
    folder = tmp_path_factory.mktemp("share")
    directory, share = folder / "cloud", folder / "volumes"
    Cloud(directory).run("init")
    services = "{ceph: false, heat: false, horizon: false, barbican: false}"
    (directory / "globals.yml").write_text(f"services: {services}\nstorage: {{share: {share}}}\n")
    with brought_up(directory) as made:
        yield made


@pytest.fixture(scope="module")
def user(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    with new_user(cloud, tmp_path_factory.mktemp("user")) as made:
        made.join_the_outside()
        yield made


@pytest.fixture(scope="module")
def web(user: User) -> Server:
    return user.server("web", outside=True)


def test_the_choice_is_told(cloud: Cloud) -> None:
    assert "files in" in cloud.run("precheck")


def test_data_goes_from_server_to_server_and_from_copy_to_copy(user: User, web: Server) -> None:
    copies(user, web)


def test_a_volume_in_use_is_snapshotted_and_its_file_is_not_for_everybody(
    cloud: Cloud, user: User, web: Server
) -> None:
    storage, text = user.api.block_storage, secrets.token_hex(16)
    data = volume(user, "in-use")
    attached(user, web, data, f"echo {text} >DISK && sync")
    user.api.compute.create_volume_attachment(web.id, volume_id=data.id)
    storage.wait_for_status(storage.get_volume(data.id), "in-use", ["error"], interval=1, wait=SECONDS)
    snapshot = storage.create_snapshot(name="in-use", volume_id=data.id, force=True)
    storage.wait_for_status(snapshot, "available", ["error"], interval=1, wait=SECONDS)
    detach(user, web, data)
    copy = volume(user, "of-in-use", snapshot_id=snapshot.id)
    assert attached(user, web, copy, "head -c 32 DISK") == text

    share: Path = cloud.directory.parent / "volumes"
    assert list(share.glob(f"volume-{data.id}*"))
    assert share.stat().st_mode & 0o7777 == 0o2770
