"""Action service_rotation: take this host's replicas of services out of rotation while they are replaced, and bring them back."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import PLAN_FACT, SERVICES, CloudAction

from kolla_lite.deploy.rotation import REPLICA

UP_SECONDS = 20
"""More than the load balancer's checks need to find a healthy replica so."""


class ActionModule(CloudAction):
    """Delegated to a gateway host. For the gateway itself: brings back what an earlier run left out."""

    ARGUMENTS = {
        **SERVICES,
        "state": {"type": "str", "choices": ["in", "out"], "required": True},
        "healthy": {"type": "bool", "default": True},
    }

    def act(self):
        state, rotating = self.arguments["state"], self.task_vars[PLAN_FACT]["rotation"]
        left = [step["name"] for steps in self.planned(REPLICA).values() for step in steps] if state == "in" else []
        replaced = [
            (self.cloud.services[name], step["name"])
            for name, steps in self.planned("container").items()
            for step in steps
            if name in rotating and step["action"] == "recreate"
        ]
        own = [f"{one.name}/{self.host}" for service, name in replaced for one in service.endpoints_of(name)]
        if state == "out":
            served = [service.container(name) for service, name in replaced if service.endpoints_of(name)]
            wait = max((container.stop_seconds for container in served), default=0)
        else:
            wait = UP_SECONDS if own and self.arguments["healthy"] else 0
        gateway = self.cloud.provider("gateway").containers[0].name
        told = self.module("rotation", gateway=gateway, replicas=left + own, state=state, wait=wait)["replicas"]
        return {"changed": False, "replicas": told}
