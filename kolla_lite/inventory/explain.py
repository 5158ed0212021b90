"""Why hosts are in groups or not, as plain values for `kolla-lite inventory`."""

from __future__ import annotations

from dataclasses import dataclass

from kolla_lite.errors import UserError
from kolla_lite.inventory.load import Inventory
from kolla_lite.source import nearest


@dataclass(frozen=True)
class Verdict:
    """Whether a host is in a group, and why."""

    host: str
    member: bool
    why: str


@dataclass(frozen=True)
class Explanation:
    """One group: `what` it is in a sentence, and a verdict for each host in the order of hosts.yml."""

    group: str
    what: str
    verdicts: tuple[Verdict, ...]


def explain(inventory: Inventory, name: str) -> list[Explanation]:
    """Why each host is in the group `name` or not; for a service, also in the groups of its containers.

    UserError, with the nearest name, when there is no such group.
    """
    if name not in inventory.placement.groups:
        raise UserError(f"there is no group {name!r}", hint=nearest(name, inventory.placement.groups, "groups"))
    service = inventory.services.get(name)
    names = dict.fromkeys([name, *(container.name for container in service.containers)] if service else [name])
    return [Explanation(group, _what(inventory, group), _verdicts(inventory, group)) for group in names]


def _verdicts(inventory: Inventory, group: str) -> tuple[Verdict, ...]:
    reasons = inventory.placement.reasons[group]
    split = ((host, *reasons[host].split(": ", 1)) for host in inventory.hosts)
    return tuple(Verdict(host, verdict == "in", why) for host, verdict, why in split)


def _what(inventory: Inventory, group: str) -> str:
    for service in inventory.services.values():
        for container in service.containers:
            if container.name == group:
                return f"container of service {service.name}, placed on {container.place}"
    if group in inventory.services:
        return f"service: {inventory.services[group].description}"
    return "hosts of a role or zone, as hosts.yml says"


def services_by_host(inventory: Inventory) -> dict[str, list[str]]:
    """The services that run on each host, in start order, by host in the order of hosts.yml."""
    found: dict[str, list[str]] = {host: [] for host in inventory.hosts}
    for service in inventory.placement.enabled:
        for host in inventory.placement.groups[service]:
            found[host].append(service)
    return found


def services_off(inventory: Inventory) -> dict[str, str]:
    """Why services do not run, by service."""
    reasons = inventory.placement.reasons
    off = (name for name in inventory.services if name not in inventory.placement.enabled)
    return {name: next(iter(reasons[name].values())).removeprefix("out: ") for name in off}
