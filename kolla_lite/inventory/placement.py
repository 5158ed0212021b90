"""Which host runs what, and why. Pure: the same declarations, hosts and globals give the same placement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kolla_lite.config.settings import Globals
from kolla_lite.errors import Location, UserError, raise_all
from kolla_lite.inventory.hosts import ROLES, Host
from kolla_lite.service.declaration import PROFILES, Container, Service
from kolla_lite.source import Document, nearest

ZONE_PREFIX = "zone_"
"""The group of a zone is this and the zone's name; host names cannot hold a `_`, and services may not begin so."""

Reasons = Mapping[str, str]


@dataclass(frozen=True)
class Placement:
    """The groups of a cloud.

    `groups`: hosts by group, in the order of hosts.yml, or as globals.yml lists them. There is a group for each role
    (called as the role), each zone (`zone_NAME`), each service and each container; those of a service that is off are
    empty. `reasons`: for each group and each host of the cloud, "in: …" or "out: …". `enabled`: names of the services
    that run, in start order. `notes`: what an operator may want to know, one sentence each.
    """

    groups: Mapping[str, tuple[str, ...]]
    reasons: Mapping[str, Reasons]
    enabled: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Needs:
    """What the containers of one host need together, in MiB."""

    memory_mb: int
    disk_mb: int


@dataclass(frozen=True)
class _Group:
    hosts: tuple[str, ...]
    reasons: Reasons


def place(
    services: Mapping[str, Service], hosts: Mapping[str, Host], globals_: Globals, document: Document | None = None
) -> Placement:
    """Give every container its hosts. `services` come in start order, `hosts` in the order of hosts.yml.

    A container with a count takes that many of its candidates, spread over zones, earlier hosts first. So a host
    added at the end of hosts.yml takes the place of another only where that makes the zones more even; what
    globals.yml places by name stays put whatever is added.

    Raises UserError for a service that has no host, for names that clash, and for hosts that globals.yml names in
    vain; its `document` gives the place of such a mistake. `load_globals` has checked the names of services.
    """
    raise_all([*_clashes(services, hosts), *_mistakes(services, hosts, globals_, document)])
    found: dict[str, _Group] = {role: _role_group(role, hosts) for role in ROLES}
    for zone in dict.fromkeys(host.zone for host in hosts.values() if host.zone):
        found[ZONE_PREFIX + zone] = _zone_group(zone, hosts)
    errors: list[UserError] = []
    notes: list[str] = []
    enabled: list[str] = []
    for name, service in services.items():
        off = _why_off(service, hosts, globals_)
        if off is None:
            enabled.append(name)
        containers: dict[str, _Group] = {}
        for container in service.containers:
            if off is not None:
                containers[container.name] = _group(hosts, (), "", f"out: {off}")
                continue
            try:
                group = containers[container.name] = _container_group(service, container, hosts, globals_)
            except UserError as error:
                errors.append(error)
            else:
                notes += _count_note(container, group, hosts)
        found[name] = _service_group(containers, hosts)
        found |= containers
    raise_all(errors)
    return Placement(
        groups={name: group.hosts for name, group in found.items()},
        reasons={name: group.reasons for name, group in found.items()},
        enabled=tuple(enabled),
        notes=tuple(notes),
    )


def needs(services: Mapping[str, Service], placement: Placement) -> dict[str, Needs]:
    """What the containers placed on each host need, by host; hosts without containers are left out."""
    memory: dict[str, int] = {}
    disk: dict[str, int] = {}
    for name in placement.enabled:
        for container in services[name].containers:
            for host in placement.groups[container.name]:
                memory[host] = memory.get(host, 0) + container.memory_mb
                disk[host] = disk.get(host, 0) + container.disk_mb
    return {host: Needs(memory[host], disk[host]) for host in memory}


def _clashes(services: Mapping[str, Service], hosts: Mapping[str, Host]) -> list[UserError]:
    """Names that would make one group mean two things.

    A container may be called as its service when all containers of the service have the same place.
    """
    owner = {name: f"the group of all hosts with role {name}" for name in ROLES}
    owner |= dict.fromkeys(("all", "ungrouped"), "a group of Ansible's own")
    errors: list[UserError] = []
    for name, service in services.items():
        together = all(container.place == service.containers[0].place for container in service.containers)
        meanings = [(name, f"service {name}")] + [
            (container.name, f"container {container.name} of service {name}")
            for container in service.containers
            if not (container.name == name and together)
        ]
        for taken, meaning in meanings:
            if taken in owner or taken.startswith(ZONE_PREFIX):
                other = owner.get(taken, "the group of a zone")
                errors.append(UserError(f"{meaning} has the name of {other}", hint="rename it in its service.yml"))
            owner.setdefault(taken, meaning)
    for host in hosts.values():
        if host.name in owner:
            message = f"the host {host.name} has the name of {owner[host.name]}"
            errors.append(UserError(message, host.where, "rename the host"))
    return errors


def _mistakes(
    services: Mapping[str, Service], hosts: Mapping[str, Host], globals_: Globals, document: Document | None
) -> list[UserError]:
    """What globals.yml says about the hosts of services that cannot be."""

    def error(message: str, hint: str, *keys: str | int) -> UserError:
        return UserError(message, document.where(*keys) if document else None, hint)

    errors: list[UserError] = []
    for name, wanted in globals_.placement.items():
        keys = ("placement", name)
        errors += [
            error(f"there is no host {host!r}", nearest(host, hosts, "hosts"), *keys, index)
            for index, host in enumerate(wanted)
            if host not in hosts
        ]
        errors += [
            error(f"{host} stands twice", "remove one of the two", *keys, index)
            for index, host in enumerate(wanted)
            if host in wanted[:index]
        ]
        if not wanted:
            hint = "name a host, remove the key, or switch the service off under `services`"
            errors.append(error(f"{name} is placed on no host", hint, *keys))
        most = _most(services[name])
        if most is not None and len(wanted) > most:
            message = f"{name} is placed on {len(wanted)} hosts and runs on {most} at most"
            errors.append(error(message, "name no more", *keys, most))
    return errors


def _most(service: Service) -> int | None:
    """How many hosts a service can use, None for any number."""
    counts = [container.place.count for container in service.containers]
    return None if None in counts else max(count for count in counts if count)


def _why_off(service: Service, hosts: Mapping[str, Host], globals_: Globals) -> str | None:
    """Why a service does not run, or None when it does."""
    wanted = globals_.services.get(service.name)
    if wanted is not None:
        return None if wanted else f"service {service.name} is off: globals.yml says so"
    if PROFILES.index(service.profile) > PROFILES.index(globals_.profile):
        return f"service {service.name} is off: the profile {globals_.profile} does not have it"
    if service.enabled == "multi-host":
        return f"service {service.name} is off: one host only" if len(hosts) == 1 else None
    return None if service.enabled else f"service {service.name} is off by default"


def _role_group(role: str, hosts: Mapping[str, Host]) -> _Group:
    members = tuple(host.name for host in hosts.values() if role in host.roles)
    return _group(hosts, members, f"in: has role {role}", f"out: lacks role {role}")


def _zone_group(zone: str, hosts: Mapping[str, Host]) -> _Group:
    members = tuple(host.name for host in hosts.values() if host.zone == zone)
    return _group(hosts, members, f"in: is in zone {zone}", f"out: is not in zone {zone}")


def _group(hosts: Mapping[str, Host], members: tuple[str, ...], inside: str, outside: str) -> _Group:
    return _Group(members, dict.fromkeys(hosts, outside) | dict.fromkeys(members, inside))


def _container_group(service: Service, container: Container, hosts: Mapping[str, Host], globals_: Globals) -> _Group:
    roles, count = container.place.roles, container.place.count
    role = " or ".join(roles)
    by_name = globals_.placement.get(service.name)
    if by_name is not None:
        inside, outside = f"globals.yml places {service.name} here", f"globals.yml places {service.name} elsewhere"
        candidates = by_name
        order = "by order in globals.yml"
    else:
        inside, outside = f"has role {role}", f"lacks role {role}"
        candidates, order = _spread([host for host in hosts.values() if set(roles) & set(host.roles)])
    if not candidates:
        file = next((Location(host.where.name) for host in hosts.values() if host.where), None)
        raise UserError(
            f"{container.name} needs a host with role {role}, and there is none",
            file,
            f"add `{roles[0]}` to the roles of a host, or switch {service.name} off under `services` in globals.yml",
        )
    taken = dict.fromkeys(candidates[:count])
    members = tuple(taken if by_name is not None else (name for name in hosts if name in taken))
    reasons = dict.fromkeys(hosts, f"out: {outside}") | dict.fromkeys(members, f"in: {inside}")
    if count is not None:
        full = f"out: {len(taken)} of {count} places taken by {', '.join(taken)}"
        reasons |= dict.fromkeys(candidates[count:], full)
        for number, name in enumerate(taken, start=1):
            reasons[name] = f"in: {inside}, place {number} of {count} {order}"
    return _Group(members, reasons)


def _spread(hosts: list[Host]) -> tuple[list[str], str]:
    """Names in the order in which places are given, and that order in words: each zone its first, then its second …"""
    in_zone: dict[str, int] = {}
    rank: dict[str, int] = {}
    for host in hosts:
        rank[host.name] = in_zone.get(host.zone, 0)
        in_zone[host.zone] = rank[host.name] + 1
    order = "by order in hosts.yml" if len(in_zone) == 1 else "by zones, then order in hosts.yml"
    return sorted(rank, key=rank.__getitem__), order


def _service_group(containers: Mapping[str, _Group], hosts: Mapping[str, Host]) -> _Group:
    """The union of a service's containers, in the first container's order."""
    groups = list(containers.values())
    if all(group == groups[0] for group in groups):
        return groups[0] if groups else _group(hosts, (), "", "")
    members = dict.fromkeys(host for group in groups for host in group.hosts)
    reasons: dict[str, str] = {}
    for host in hosts:
        if host in members:
            here = [name for name, group in containers.items() if group.reasons[host].startswith("in:")]
            reasons[host] = f"in: runs {', '.join(here)}"
        else:
            causes = dict.fromkeys(group.reasons[host].removeprefix("out: ") for group in groups)
            reasons[host] = f"out: {'; '.join(causes)}"
    return _Group(tuple(members), reasons)


def _count_note(container: Container, group: _Group, hosts: Mapping[str, Host]) -> list[str]:
    """Says so where several hosts are there and still fewer than a container wants. One host cannot do better."""
    count, have = container.place.count, len(group.hosts)
    if count is None or have >= count or len(hosts) == 1:
        return []
    return [f"{container.name} has {have} of the {count} hosts it wants: a majority survives losing {(have - 1) // 2}"]
