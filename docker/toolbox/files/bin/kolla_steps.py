"""What the programs that try a cloud share: steps told as lines of JSON, the wish to stop, a network to the outside."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openstack import exceptions

IMAGE = Path("/usr/share/kolla-lite/tiny.img")
"""The disk of a small virtual machine."""
RAM_MB = 192
"""The least memory that it boots with."""
MARK = "kolla_lite_image"
"""The property of an image that tells ours from others' of the same name."""


class Failed(Exception):
    """A step did not find what it looked for; the message is for people."""


def read_wanted() -> dict[str, Any]:
    """What the first line of the input wishes. From then on, the end of the input interrupts the main thread."""
    wanted: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_stop_with_input, daemon=True).start()
    return wanted


def _stop_with_input() -> None:
    """Whoever started this has closed the input: docker exec passes no signals on."""
    while os.read(sys.stdin.fileno(), 4096):  # not sys.stdin, which an interpreter that ends could not take back
        pass
    os.kill(os.getpid(), signal.SIGINT)


def tell(**event: Any) -> None:
    """One line of output."""
    print(json.dumps(event), file=sys.__stdout__, flush=True)


def attempt(name: str, about: str, action: Callable[[], str]) -> bool:
    """Carry out one step; whether it went well."""
    begun = time.monotonic()
    tell(step=name, about=about)
    try:
        state, detail = "passed", action()
    except (Failed, exceptions.SDKException, OSError, subprocess.SubprocessError) as error:
        state, detail = "failed", f"{type(error).__name__}: {error}" if not isinstance(error, Failed) else str(error)
    tell(step=name, state=state, seconds=round(time.monotonic() - begun, 1), detail=detail)
    return state == "passed"


def public_image(images: Any) -> tuple[Any, bool]:
    """The image of that disk, for everybody, and whether it was uploaded now. Older ones are hidden: servers may use them."""
    name, digest = IMAGE.stem, hashlib.sha512(IMAGE.read_bytes()).hexdigest()
    ours = [image for image in images.images(name=name, is_hidden=False) if image.properties.get(MARK) == name]
    found = next((image for image in ours if (image.hash_algo, image.hash_value) == ("sha512", digest)), None)
    # On this bus a configuration drive is found with the modules that the disk has.
    drive = {"hw_scsi_model": "virtio-scsi", "hw_cdrom_bus": "scsi"}
    current = found or images.create_image(
        name=name, filename=str(IMAGE), disk_format="raw", container_format="bare", visibility="public", wait=True,
        min_disk=1, min_ram=RAM_MB, allow_duplicates=True, **{MARK: name}, **drive,
    )  # fmt: skip
    for image in ours:
        if image.id != current.id:
            images.update_image(image, is_hidden=True)
    return current, found is None


def outside(
    network: Any, name: str, gateway: str, made: Callable[[str, Any, Callable[[Any], Any]], Any]
) -> tuple[Any, bool]:
    """The first network to the outside, and whether it had to be made: on `gateway`, an address with prefix length.

    What is made is handed to `made`, with what it is and what removes it.
    """
    for found in network.networks(is_router_external=True):
        return found, False
    interface = ipaddress.ip_interface(gateway)
    first = interface.network.network_address
    flat = {"provider_network_type": "flat", "provider_physical_network": "external"}
    net = made(
        "external network", network.create_network(name=name, is_router_external=True, **flat), network.delete_network
    )
    subnet = network.create_subnet(
        network_id=net.id, ip_version=4, cidr=str(interface.network), gateway_ip=str(interface.ip),
        is_dhcp_enabled=False, allocation_pools=[{"start": str(first + 100), "end": str(first + 200)}],
    )  # fmt: skip
    made("external subnet", subnet, network.delete_subnet)
    return net, True
