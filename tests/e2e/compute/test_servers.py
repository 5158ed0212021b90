"""Servers: what they are told, how they reach one another, what they go through."""

from __future__ import annotations

import base64
import json
import secrets
import socket
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest
from here import Cloud, lose_power, ours, restart_engine

from .users import Server, User, until

pytestmark = pytest.mark.e2e
AROUND = ["nova_compute", "neutron_metadata", "ovn_controller", "openvswitch_vswitchd", "openvswitch_db"]
"""Containers of a compute host that servers go on without."""


def test_it_is_told_its_name_its_key_and_its_users_data(web: Server) -> None:
    said = web.console()
    assert "tiny: hostname web" in said
    assert "tiny: key installed" in said
    assert "tiny: user data hello from outside" in said
    assert web.ssh("hostname").startswith("web.")
    assert "web" in until("its web page", 60, web.page)


def test_servers_talk_as_their_security_groups_say(user: User, web: Server) -> None:
    peer = user.server("peer", groups=("default",))
    ping, fetch = f"ping -c 1 -W 3 {peer.fixed}", f"wget -q -T 3 -O - http://{peer.fixed}/"
    web.ssh(ping, code=1)
    web.ssh(fetch, code=1)
    default = user.api.network.find_security_group("default", ignore_missing=False)
    opened = user.api.network.find_security_group("open", ignore_missing=False)
    user.allow(default, "icmp", remote_group_id=opened.id)
    user.allow(default, "tcp", 80, remote_group_id=opened.id)
    until("the ping", 30, lambda: web.ssh(f"{ping} >/dev/null && echo yes || true").strip())
    assert "peer" in web.ssh(fetch)
    user.api.compute.delete_server(peer.id)
    user.api.compute.wait_for_delete(peer.found)


def test_its_console_is_live(user: User, web: Server) -> None:
    url = urlsplit(user.api.compute.create_console(web.id, console_type="novnc")["url"])
    assert url.path == "/vnc_lite.html"
    token = url.query.partition("path=")[2] or url.query
    with socket.create_connection((url.hostname or "", url.port or 80), timeout=20) as connection:
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        path = f"/{token}".replace("%3F", "?").replace("%3D", "=")
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Origin: http://{url.netloc}\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: binary\r\n\r\n".encode()
        )
        answer = b""
        while b"RFB 003" not in answer:  # what a VNC server says first
            part = connection.recv(4096)
            assert part, answer
            answer += part
    assert answer.startswith(b"HTTP/1.1 101")


MARK = "echo marked | dd of=/dev/vda bs=1M seek=900 2>/dev/null; sync"
MARKED = "dd if=/dev/vda bs=1M skip=900 count=1 2>/dev/null | head -c 6"


@pytest.mark.long
def test_its_disk_outlives_that_it_is_stopped_started_and_rebooted(user: User, web: Server) -> None:
    compute = user.api.compute
    web.ssh(MARK)
    before = web.boot()
    compute.stop_server(web.id)
    web.become("SHUTOFF", 30)  # it ends by itself when its power button is pressed; Nova would wait for 60 s
    assert web.page() == ""
    compute.start_server(web.id)
    web.become("ACTIVE")
    web.boots_again(before)
    before = web.boot()
    compute.reboot_server(web.id, "HARD")
    web.boots_again(before)
    assert web.ssh(MARKED) == "marked"


@pytest.mark.long
def test_it_is_resized_with_its_disk_and_rebuilt_without(user: User, web: Server) -> None:
    compute = user.api.compute
    before, memory = web.boot(), int(web.ssh("awk '/MemTotal/ {print $2}' /proc/meminfo"))
    compute.resize_server(web.id, user.flavor(256).id)
    web.become("VERIFY_RESIZE")
    compute.confirm_server_resize(web.id)
    web.become("ACTIVE")
    web.boots_again(before)
    assert int(web.ssh("awk '/MemTotal/ {print $2}' /proc/meminfo")) > memory + 40_000
    assert web.ssh(MARKED) == "marked"
    before = web.boot()
    compute.rebuild_server(web.id, image=user.tiny().id)
    web.boots_again(before)
    assert web.ssh(MARKED) != "marked"


def test_it_goes_on_while_containers_around_it_are_replaced(cloud: Cloud, user: User, web: Server) -> None:
    before, engine = web.boot(), docker.from_env()
    for name in AROUND:
        engine.containers.get(name).remove(force=True)
    assert {name for name in AROUND if f"create container {name}:" in cloud.run("plan", code=3)} == {*AROUND}
    cloud.run("deploy")
    assert until("its web page", 60, web.page)
    assert web.boot() == before

    override = cloud.directory / "config" / "qemu.conf"
    override.write_text(Path("/etc/kolla/libvirt/qemu.conf").read_text().replace("max_core = 0", "max_core = 1"))
    assert [(step["name"], step["action"]) for step in json.loads(cloud.run("deploy", "--json"))["steps"]] == [
        ("/etc/kolla/libvirt/qemu.conf", "write"),
        ("libvirt", "reload"),
    ]
    override.unlink()
    cloud.run("deploy")
    user.api.compute.reboot_server(web.id, "SOFT")  # libvirt knows it still
    web.boots_again(before)


def test_it_goes_on_while_the_engine_is_restarted(cloud: Cloud, web: Server) -> None:
    before, containers = web.boot(), ours()
    restart_engine()
    assert ours() == containers
    assert web.boot() == before
    assert "nothing to change" in cloud.run("deploy")


def test_it_starts_again_after_a_power_failure(cloud: Cloud, web: Server) -> None:
    before, containers = web.boot(), ours()
    lose_power()
    until("health", 180, lambda: json.loads(cloud.call("check", "--json").stdout)["well"])
    web.boots_again(before)
    assert ours() == containers
    assert "nothing to change" in cloud.run("deploy")
