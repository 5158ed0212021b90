"""The inventory of a folder of operator's files. It needs no secrets, so it can be shown before there are any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kolla_lite import paths
from kolla_lite.config.settings import load_globals
from kolla_lite.errors import UserError
from kolla_lite.inventory.hosts import Host, load_hosts
from kolla_lite.inventory.placement import Placement, place
from kolla_lite.service.declaration import Service
from kolla_lite.service.registry import load_services
from kolla_lite.source import nearest


@dataclass(frozen=True)
class Inventory:
    """What Ansible is told: machines and groups. `directory` is absolute; `services` are all declared ones."""

    directory: Path
    services: Mapping[str, Service]
    hosts: Mapping[str, Host]
    placement: Placement

    def host(self, name: str) -> Host:
        """The host of this name. UserError, with the nearest name, when there is none."""
        if name not in self.hosts:
            raise UserError(f"there is no host {name!r}", hint=nearest(name, self.hosts, "hosts"))
        return self.hosts[name]


def load_inventory(directory: Path, roles: Path = paths.ROLES) -> Inventory:
    """Read globals.yml and hosts.yml of `directory`, and place what is declared below `roles`. Raises UserError."""
    globals_, document = load_globals(directory, roles)
    hosts = load_hosts(directory / "hosts.yml")
    services = load_services(roles)
    return Inventory(directory.absolute(), services, hosts, place(services, hosts, globals_, document))
