"""Which replicas leave the load balancer's rotation while they are replaced. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.plan import Step

REPLICA = "replica"
"""The kind of a step that brings back a replica, named SERVICE/HOST, that an earlier run left out of rotation."""


def left_out(cloud: Cloud, host: str, observed: Mapping[str, Any]) -> list[Step]:
    """Steps of a gateway host for what a run that did not finish took out of rotation."""
    gateway = cloud.provider("gateway")
    cause = "a run that did not finish took it out of rotation"
    return [
        Step(host, gateway.name, REPLICA, name, "bring back", cause) for name in observed.get("rotation", []) if gateway
    ]


def gateways(cloud: Cloud, host: str, steps: Sequence[Step]) -> dict[str, list[str]]:
    """For each service with something to take out or bring back around its steps on a host: the gateway hosts to tell.

    A service's one replica is not taken out: nothing would answer in its place.
    """
    found: dict[str, list[str]] = {}
    for step in steps:
        service = cloud.services.get(step.service)
        if step.kind == REPLICA:
            found[step.service] = [host]
        elif (
            service
            and step.action == "recreate"
            and service.endpoints_of(step.name)
            and len(cloud.group(step.name)) > 1
        ):
            found[step.service] = [gateway.name for gateway in cloud.provider_hosts("gateway")]
    return found
