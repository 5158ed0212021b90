"""What must be true of a host before anything on it changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.choices import impossible
from kolla_lite.deploy.desired import DesiredService
from kolla_lite.deploy.lock import refuse_other_cloud
from kolla_lite.deploy.plan import Observed
from kolla_lite.engine import local as engine
from kolla_lite.errors import Location, UserError, raise_all


def precheck(
    cloud: Cloud, host: str, desired: Mapping[str, DesiredService], observed: Observed, built: Mapping[str, str]
) -> None:
    """Raise UserError, or UserErrors, for everything on a host that would make a deployment fail.

    `built` maps image references to ids that the controller can give to hosts.
    """
    refuse_other_cloud(observed["cloud"], cloud.secrets.mark, host)
    raise_all(_engine(host, observed))
    images = _images(cloud, desired, observed, built)
    chosen = impossible(cloud, host, observed["facts"])
    raise_all([*_ports(cloud, host, observed), *_capacity(cloud, host, observed), *images, *chosen])


def _images(
    cloud: Cloud, desired: Mapping[str, DesiredService], observed: Observed, built: Mapping[str, str]
) -> list[UserError]:
    if cloud.globals.images.registry:
        return []  # the registry knows
    absent = {
        spec["image"]: name
        for name, service in desired.items()
        for spec in service.containers.values()
        if not (built.get(spec["image"]) or observed["images"].get(spec["image"]))
    }
    return [
        UserError(f"image {image} has not been built", hint=f"kolla-lite build {name}")
        for image, name in absent.items()
    ]


def _engine(host: str, observed: Observed) -> list[UserError]:
    if observed.get("engine_error"):
        return [UserError(observed["engine_error"], Location(host), "kolla-lite bootstrap")]
    errors = []
    for check, found in (
        (engine.check_distribution, observed["facts"]["distribution"]),
        (engine.check_version, observed["engine"]),
    ):
        try:
            check(found)
        except engine.EngineError as error:
            errors.append(UserError(str(error), Location(host), error.hint))
    return errors


def _ports(cloud: Cloud, host: str, observed: Observed) -> list[UserError]:
    ours = {found["id"] for found in observed["containers"].values() if found["spec"]}
    taken = {entry["port"]: entry for entry in observed["facts"]["listening"] if entry["container"] not in ours}
    errors = []
    for port, user in ports_on(cloud, host).items():
        if port in taken:
            process = taken[port]["process"]
            message = f"port {port}, which {user} needs, is taken by {process or 'another process'}"
            hint = f"stop {process or 'what listens there'}, or switch {user} off in globals.yml"
            errors.append(UserError(message, Location(host), hint))
    return errors


def ports_on(cloud: Cloud, host: str) -> dict[int, str]:
    """Every TCP port that a host's containers listen on, with the service that needs it."""
    ports = {
        port: service
        for service, containers in cloud.services_on(host).items()
        for container in containers
        for port in container.ports
    }
    if cloud.hosts[host] in cloud.provider_hosts("gateway"):
        ports |= {endpoint.port: endpoint.name for endpoint in cloud.endpoints()}
    return ports


def _capacity(cloud: Cloud, host: str, observed: Observed) -> list[UserError]:
    missing = [
        container
        for containers in cloud.services_on(host).values()
        for container in containers
        if container.name not in observed["containers"]
    ]
    errors = []
    for what, needed, free in (
        ("memory", sum(container.memory_mb for container in missing), observed["facts"]["memory_mb"]),
        ("disk", sum(container.disk_mb for container in missing), observed["facts"]["disk_free_mb"]),
    ):
        if needed > free:
            message = f"too little {what}: {needed} MiB needed by what is to come, {free} MiB free"
            errors.append(UserError(message, Location(host), f"add {what}, or move services to other hosts"))
    return errors
