"""Action service_rotation: take this host's replica of a service out of rotation while it is replaced, and bring it back."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.deploy.rotation import REPLICA

UP_SECONDS = 20
"""More than the load balancer's checks need to find a healthy replica so."""


class ActionModule(CloudAction):
    """Delegated to a gateway host. For the gateway itself: brings back what an earlier run left out."""

    ARGUMENTS = {
        "service": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["in", "out"], "required": True},
        "healthy": {"type": "bool", "default": True},
    }

    def act(self):
        service, state = self.cloud.services[self.arguments["service"]], self.arguments["state"]
        left = [step["name"] for step in self.steps(REPLICA)] if state == "in" else []
        replaced = [step["name"] for step in self.steps("container") if step["action"] == "recreate"]
        endpoints = [endpoint for name in replaced for endpoint in service.endpoints_of(name)]
        own = ["{0}/{1}".format(endpoint.name, self.host) for endpoint in endpoints]
        if state == "out":
            wait = max((service.container(endpoint.container).stop_seconds for endpoint in endpoints), default=0)
        else:
            wait = UP_SECONDS if own and self.arguments["healthy"] else 0
        gateway = self.cloud.provider("gateway").containers[0].name
        told = self.module("rotation", gateway=gateway, replicas=left + own, state=state, wait=wait)["replicas"]
        return {"changed": False, "replicas": told}
