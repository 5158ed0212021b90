"""What containers will choose by what their host and cloud have, why, and which key of globals.yml decides otherwise. Pure.

The choice is made by start scripts, at each start, since a host may run another kernel by then: nova_compute_start and
openvswitch_vswitchd below docker/. This tells it beforehand; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from kolla_lite.cloud import Cloud
from kolla_lite.errors import UserError
from kolla_lite.service.declaration import Container

Facts = Mapping[str, Any]
"""Those of a host, as module `observe` returns them."""


_SHARE = "storage.share"


@dataclass(frozen=True)
class Choice:
    """What is chosen on a host, and why; `key` is what decides otherwise, as a path in globals.yml."""

    what: str
    chosen: str
    why: str
    key: str


@dataclass(frozen=True)
class _Rule:
    """`best` where nothing is `missing`, else `otherwise`; the remedy is for who decided on `best` by the key."""

    key: str
    best: str
    otherwise: str
    present: str
    missing: Callable[[Facts], str]
    remedy: str


def choices(cloud: Cloud, host: str, facts: Facts) -> list[Choice]:
    """What the containers of a host choose, each once, in start order."""
    return [
        _by_rule(what, _RULES[what], cloud, facts) if what in _RULES else _volumes(cloud)
        for what in _chosen_on(cloud, host)
    ]


def impossible(cloud: Cloud, host: str, facts: Facts) -> list[UserError]:
    """What the operator decided and the host cannot, with the place in globals.yml."""
    errors = []
    for what in _chosen_on(cloud, host):
        rule = _RULES.get(what)
        if rule and _decided(rule, cloud) == rule.best and (missing := rule.missing(facts)):
            *parents, key = rule.key.split(".")
            message = f"{rule.key} cannot be {rule.best} on {host}: {missing}"
            hint = f"{rule.remedy}, or let each host choose: `{key}: auto`"
            errors.append(UserError(message, cloud.document.where(*parents, key), hint))
    mounting = any(container.shares for container in _containers_on(cloud, host))
    if mounting and cloud.globals.storage.server and not facts["nfs"]:
        message = f"{_SHARE} cannot be NFS on {host}: the kernel has no NFS"
        hint = "run a kernel with the module nfsv4 there, or name a folder that hosts have in common by other means"
        errors.append(UserError(message, cloud.document.where(*_SHARE.split(".")), hint))
    return errors


def _chosen_on(cloud: Cloud, host: str) -> list[str]:
    return list(dict.fromkeys(what for container in _containers_on(cloud, host) for what in container.chooses))


def _containers_on(cloud: Cloud, host: str) -> list[Container]:
    return [container for found in cloud.services_on(host).values() for container in found]


def _decided(rule: _Rule, cloud: Cloud) -> str:
    return str(attrgetter(rule.key)(cloud.globals))


def _by_rule(what: str, rule: _Rule, cloud: Cloud, facts: Facts) -> Choice:
    if (decided := _decided(rule, cloud)) != "auto":
        return Choice(what, decided, "globals.yml says so", rule.key)
    if missing := rule.missing(facts):
        return Choice(what, rule.otherwise, missing, rule.key)
    return Choice(what, rule.best, rule.present, rule.key)


def _volumes(cloud: Cloud) -> Choice:
    if share := cloud.globals.storage.share:
        return Choice("volumes", f"files in {share}", "globals.yml says so", _SHARE)
    storage = cloud.provider("volumes")
    if storage:
        return Choice("volumes", storage.name, f"the service {storage.name} is on", f"services.{storage.name}")
    return Choice("volumes", "another cluster", "no service of this cloud provides storage", "services")


def _no_kvm(facts: Facts) -> str:
    if not facts["kvm"]:
        return "there is no /dev/kvm"
    if facts["machine"] == "x86_64" and not facts["virtualisation"]:
        return "the processor has neither vmx nor svm"
    return ""


_RULES = {
    "virtualisation": _Rule(
        key="compute.virtualisation",
        best="kvm",
        otherwise="qemu",
        present="processor and kernel can",
        missing=_no_kvm,
        remedy="switch virtualisation on in the host's firmware or hypervisor and load the module kvm",
    ),
    "datapath": _Rule(
        key="network.datapath",
        best="kernel",
        otherwise="userspace",
        present="the kernel has the module openvswitch",
        missing=lambda facts: "" if facts["openvswitch"] else "the kernel has no module openvswitch",
        remedy="run a kernel with that module there",
    ),
}
