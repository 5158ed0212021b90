"""What users of a cloud miss while a step is carried out. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.plan import Step
from kolla_lite.service.declaration import Container, Service

NOTHING = "nothing"
_PROVIDED = {
    "databases": "every database",
    "gateway": "every API",
    "images": "pulling of images",
    "queues": "the message queue",
    "tools": "the clients in the toolbox",
}
"""What is missed when the one container of a service is away that is something to all others."""


def interruption(cloud: Cloud, step: Step, seconds: Mapping[tuple[str, str], float]) -> str:
    """One phrase for a step; it follows from placement: replicas behind the gateway stand in for one another.

    `seconds` is how long the last replacement of a container took, by host and container; what is not in it has
    not been measured, and then no time is told.
    """
    if step.kind == "resource" and step.cause == "password changed":
        return f"new logins of {step.name.split()[-1]}, until its containers have the new password"
    if step.kind != "container" or step.action not in ("recreate", "remove"):
        return NOTHING
    declared = _declared(cloud, step)
    if declared is None:
        return NOTHING  # a finished job, or something that no service speaks of any more
    service, container = declared
    hosts = [host.name for host in cloud.group(container.name)]
    if step.action == "remove":
        return NOTHING if hosts else f"{_missed(cloud, service, container)}, for good"
    if len(hosts) > 1 and service.endpoints_of(container.name):
        return f"one replica of {len(hosts)} of {container.name}"
    measured = seconds.get((step.host, step.name))
    lasting = f"for about {max(1, round(measured))} s" if measured is not None else "until the new container is healthy"
    what = f"{container.name} on {step.host}" if len(hosts) > 1 else _missed(cloud, service, container)
    return f"{what} {lasting}"


def _declared(cloud: Cloud, step: Step) -> tuple[Service, Container] | None:
    service = cloud.declared.get(step.service)
    found = [container for container in service.containers if container.name == step.name] if service else []
    return (service, found[0]) if service and found else None


def _missed(cloud: Cloud, service: Service, container: Container) -> str:
    endpoints = [endpoint.name for endpoint in service.endpoints_of(container.name)]
    if endpoints:
        return f"the API of {' and '.join(endpoints)}"
    return _PROVIDED.get(service.provides or "", container.name)
