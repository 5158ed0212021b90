"""Action service_health: health of everything that should run on a host, and of the endpoints that it serves."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction


class ActionModule(CloudAction):
    """Endpoints are asked where the gateway runs, at the address that clients use."""

    ARGUMENTS = {"services": {"type": "list", "elements": "str", "default": []}}

    def act(self):
        wanted = self.arguments["services"] or list(self.cloud.services)
        names = [c.name for name, found in self.cloud.services_on(self.host).items() if name in wanted for c in found]
        gateways = self.cloud.provider_hosts("gateway")[:1]
        urls = {
            endpoint.name: self.cloud.url(endpoint.name, endpoint.health)
            for name in wanted
            for endpoint in self.cloud.services[name].endpoints
            if gateways and gateways[0].name == self.host
        }
        return {"changed": False, "health": self.module("check", containers=names, urls=urls)["health"]}
