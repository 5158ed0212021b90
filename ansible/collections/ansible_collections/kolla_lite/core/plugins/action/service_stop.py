"""Action service_stop: stop the containers of a host, last started first."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.deploy.desired import CONFIG_ROOT, desired_state
from kolla_lite.service.registry import start_levels


class ActionModule(CloudAction):
    """They stay stopped, over reboots too, until the next start or deploy. What needs nothing of one another stops together."""

    ARGUMENTS = {"services": {"type": "list", "elements": "str", "default": []}}

    def act(self):
        wanted = self.arguments["services"]
        here = {
            name: service
            for name, service in desired_state(self.cloud, self.host).items()
            if not wanted or name in wanted
        }
        observed = self.module("observe", root=CONFIG_ROOT)["observed"]["containers"]
        running = {name for name, found in observed.items() if found["status"] == "running"}
        stopped = []
        for level in reversed(start_levels(self.cloud.declared)):
            chains = {name: self._chains(here[name], running) for name in level if name in here}
            for part in self.carry_out("containers", chains).values():
                stopped += part["seconds"]
        return {"changed": bool(stopped), "stopped": stopped}

    def _chains(self, service, running):
        changes = [
            {"name": name, "action": "stop", "spec": dict(spec)}
            for name, spec in reversed(service.containers.items())
            if name in running
        ]
        return [changes] if self.cloud.declared[service.name].in_order else [[change] for change in changes]
