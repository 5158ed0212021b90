"""Users of a cloud, each in a project of its own, and what they do there; through openstacksdk and from outside."""

from __future__ import annotations

import base64
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import yaml
from here import Cloud

BOOT_SECONDS = 240
OUTSIDE = "172.24.4.0/24"
GATEWAY = "172.24.4.1"


def until(what: str, seconds: float, attempt: Callable[[], Any]) -> Any:
    """The first true answer of `attempt`; AssertionError when there is none in time."""
    end = time.monotonic() + seconds
    while not (found := attempt()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(1)
    return found


@dataclass
class Server:
    """A server as its user sees it; `address` is where it is reached from outside."""

    user: User
    id: str
    address: str = ""

    @property
    def found(self) -> Any:
        """What the API says of it."""
        return self.user.api.compute.get_server(self.id)

    @property
    def fixed(self) -> str:
        """Its address in the project's network."""
        ports = list(self.user.api.network.ports(device_id=self.id))
        return str(ports[0].fixed_ips[0]["ip_address"])

    def become(self, status: str, seconds: int = BOOT_SECONDS) -> None:
        """Wait for a status."""
        self.user.api.compute.wait_for_server(self.found, status=status, wait=seconds, interval=1)

    def console(self) -> str:
        """What it has printed."""
        return str(self.user.api.compute.get_server_console_output(self.id).get("output") or "")

    def ready(self) -> None:
        """Wait until it has printed its last line of booting, since `become`."""
        until("its login line", BOOT_SECONDS, lambda: "login:" in self.console())

    def boots_again(self, before: str, seconds: int = 150) -> None:
        """Wait until it answers with another `boot` than before; AssertionError with what it printed when it does not."""
        try:
            until("another boot", seconds, lambda: self.page() and self.boot() not in ("", before))
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.found.status}, and printed:\n{self.console()}") from None

    def page(self) -> str:
        """Its web page from outside; nothing when it does not answer."""
        with suppress(OSError), socket.create_connection((self.address, 80), timeout=3) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.makefile("rb").read().decode()
        return ""

    def ssh(self, command: str, code: int = 0) -> str:
        """Run a command in it, from outside, as soon as it takes connections."""
        done = until(f"SSH to {self.address}", 60, lambda: (run := self._run(command)).returncode != 255 and run)
        assert done.returncode == code, done.stdout + done.stderr
        return str(done.stdout)

    def boot(self) -> str:
        """What its kernel calls this boot; nothing while it takes no connections."""
        return self._run("cat /proc/sys/kernel/random/boot_id").stdout.strip()

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "ConnectTimeout=5"]
        options += ["ServerAliveInterval=2", "ServerAliveCountMax=3"]  # the server may end meanwhile
        settings = [part for option in options for part in ("-o", option)]
        call = ["ssh", "-q", *settings, "-i", str(self.user.key), f"root@{self.address}", command]
        return subprocess.run(call, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@dataclass
class User:
    """A member of a project; `admin` is the cloud's administrator."""

    name: str
    password: str
    admin: openstack.connection.Connection
    api: openstack.connection.Connection
    project: Any
    key: Path
    network: Any = None
    outside: Any = None

    def join_the_outside(self) -> None:
        """A network behind a router to the outside, a key, and what may come in."""
        network = self.api.network
        self.outside = self._outside()
        self.network = network.create_network(name=self.name)
        subnet = network.create_subnet(name=self.name, network_id=self.network.id, ip_version=4, cidr="10.9.0.0/24")
        router = network.create_router(name=self.name, external_gateway_info={"network_id": self.outside.id})
        network.add_interface_to_router(router, subnet_id=subnet.id)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        public = self.key.with_suffix(".pub").read_text()
        self.api.compute.create_keypair(name=self.name, public_key=public)
        group = network.create_security_group(name="open")
        self.allow(group, "tcp", 22)
        self.allow(group, "tcp", 80)

    def allow(self, group: Any, protocol: str, port: int | None = None, **more: Any) -> None:
        """Let something in."""
        self.api.network.create_security_group_rule(
            security_group_id=group.id, direction="ingress", ethertype="IPv4", protocol=protocol, port_range_min=port,
            port_range_max=port, **more,
        )  # fmt: skip

    def _outside(self) -> Any:
        network = self.admin.network
        found = network.find_network("outside", ignore_missing=True)
        if found is None:
            found = network.create_network(
                name="outside", is_router_external=True, provider_network_type="flat",
                provider_physical_network="external",
            )  # fmt: skip
            network.create_subnet(
                network_id=found.id, ip_version=4, cidr=OUTSIDE, gateway_ip=GATEWAY, is_dhcp_enabled=False,
                allocation_pools=[{"start": "172.24.4.20", "end": "172.24.4.90"}],
            )  # fmt: skip
        return found

    def flavor(self, ram: int = 192) -> Any:
        """A flavor with this much memory, in MiB."""
        compute = self.admin.compute
        found = compute.find_flavor(f"m{ram}", ignore_missing=True)
        return found or compute.create_flavor(name=f"m{ram}", ram=ram, vcpus=1, disk=1)

    def tiny(self) -> Any:
        """The image that the cloud came with."""
        return next(iter(self.api.image.images(name="tiny", sort="created_at:desc")))

    def server(self, name: str, *, groups: tuple[str, ...] = ("open",), outside: bool = False, **more: Any) -> Server:
        """A server that has booted."""
        if "user_data" in more:
            more["user_data"] = base64.b64encode(more["user_data"].encode()).decode()
        if "block_device_mapping" not in more:
            more["image_id"] = self.tiny().id
        made = self.api.compute.create_server(
            name=name, flavor_id=self.flavor().id, networks=[{"uuid": self.network.id}],
            key_name=self.name, security_groups=[{"name": group} for group in groups], **more,
        )  # fmt: skip
        server = Server(self, made.id)
        server.become("ACTIVE")
        if outside:
            port = next(iter(self.api.network.ports(device_id=made.id)))
            address = self.api.network.create_ip(floating_network_id=self.outside.id, port_id=port.id)
            server.address = address.floating_ip_address
        server.ready()
        return server


@contextmanager
def new_user(cloud: Cloud, folder: Path) -> Iterator[User]:
    """Somebody with a new project, which is removed afterwards with all that is in it."""
    admin = cloud.connect()
    name, password = f"user-{secrets.token_hex(3)}", secrets.token_hex(16)
    project = admin.identity.create_project(name=name, domain_id="default")
    person = admin.identity.create_user(name=name, password=password, domain_id="default")
    admin.identity.assign_project_role_to_user(project, person, admin.identity.find_role("member"))
    settings = yaml.safe_load((cloud.directory / "clouds.yaml").read_text())["clouds"]["kolla-lite"]
    settings["auth"] |= {"username": name, "password": password, "project_name": name}
    made = User(name, password, admin, openstack.connect(load_yaml_config=False, **settings), project, folder / "key")
    try:
        yield made
    finally:
        made.api.project_cleanup(dry_run=False, wait_timeout=300)
        admin.identity.delete_user(person)
        admin.identity.delete_project(project)
