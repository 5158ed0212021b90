"""Volumes: they outlive servers, go from one to another, and are copied in every way."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from here import Cloud

from .users import Server, User, until

pytestmark = pytest.mark.e2e
SECONDS = 120


def volume(user: User, name: str, **more: Any) -> Any:
    """A volume of one GiB that is ready."""
    storage = user.api.block_storage
    made = storage.create_volume(name=name, size=1, **more)
    return storage.wait_for_status(made, "available", ["error"], interval=1, wait=SECONDS)


def attached(user: User, server: Server, disk: Any, command: str) -> str:
    """What a command in a server prints while a volume is its last disk, DISK."""
    storage, compute = user.api.block_storage, user.api.compute
    disks = "ls /dev/vd? /dev/sd? 2>/dev/null; true"
    before = server.ssh(disks).split()
    compute.create_volume_attachment(server.id, volume_id=disk.id)
    storage.wait_for_status(storage.get_volume(disk.id), "in-use", ["error"], interval=1, wait=SECONDS)
    device = until("its device", 60, lambda: next(iter({*server.ssh(disks).split()} - {*before}), ""))
    said = server.ssh(command.replace("DISK", device))
    detach(user, server, disk)
    return said


def detach(user: User, server: Server, disk: Any) -> None:
    """Take a volume out of a server, and wait until both Cinder and Nova have done so."""
    storage, compute = user.api.block_storage, user.api.compute
    compute.delete_volume_attachment(server.id, disk.id)
    storage.wait_for_status(storage.get_volume(disk.id), "available", ["error"], interval=1, wait=SECONDS)
    until(
        "its end in Nova", 30, lambda: disk.id not in {one.volume_id for one in compute.volume_attachments(server.id)}
    )


@pytest.mark.long
def test_data_goes_from_server_to_server_and_from_copy_to_copy(user: User, web: Server) -> None:
    copies(user, web)


def copies(user: User, web: Server) -> None:
    """Boot from a volume, and carry data by attaching, snapshot, clone and backup."""
    storage = user.api.block_storage
    root = volume(user, "root", image_id=user.tiny().id)
    block = {"boot_index": 0, "uuid": root.id, "source_type": "volume", "destination_type": "volume"}
    disk = user.server("disk", block_device_mapping=[block], outside=True)
    text = secrets.token_hex(16)
    data = volume(user, "data")
    attached(user, disk, data, f"echo {text} >DISK && sync")
    read = "head -c 32 DISK"
    assert attached(user, web, data, read) == text

    snapshot = storage.create_snapshot(name="snapshot", volume_id=data.id)
    storage.wait_for_status(snapshot, "available", ["error"], interval=1, wait=SECONDS)
    backup = storage.create_backup(name="backup", volume_id=data.id)
    storage.wait_for_status(backup, "available", ["error"], interval=1, wait=SECONDS)
    attached(user, web, data, "echo changed-and-lost >DISK && sync")

    assert attached(user, web, volume(user, "of-snapshot", snapshot_id=snapshot.id), read) == text
    assert attached(user, disk, volume(user, "of-volume", source_volume_id=data.id), read).startswith("changed")
    storage.restore_backup(backup, volume_id=data.id)
    storage.wait_for_status(storage.get_volume(data.id), "available", ["error"], interval=1, wait=SECONDS)
    assert attached(user, web, data, read) == text
    storage.delete_backup(backup)
    storage.delete_snapshot(snapshot)

    user.api.compute.delete_server(disk.id)
    user.api.compute.wait_for_delete(disk.found)
    assert storage.get_volume(root.id).status == "available"


def test_a_volume_becomes_an_image_and_a_server_one(cloud: Cloud, user: User, web: Server) -> None:
    source = volume(user, "source", image_id=user.tiny().id)
    uploaded = user.api.block_storage.upload_volume_to_image(source, "of-volume", disk_format="raw")
    images = user.api.image
    made = [images.get_image(uploaded["image_id"]), user.api.compute.create_server_image(web.id, "of-server")]
    for image in made:
        until(f"{image.name} is active", SECONDS, lambda image=image: images.get_image(image).status == "active")
    clone = volume(user, "clone", image_id=made[0].id)
    for image in made:
        images.delete_image(image)
    assert made[0].id in cloud.run("exec", "ceph_mon", "rbd", "trash", "ls", "images")  # its clone needs it
    user.api.block_storage.delete_volume(clone)
    user.api.block_storage.wait_for_delete(clone, interval=1, wait=SECONDS)
