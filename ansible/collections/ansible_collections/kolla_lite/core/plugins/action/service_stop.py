"""Action service_stop: stop the containers of a host, last started first."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.deploy.desired import CONFIG_ROOT, desired_state


class ActionModule(CloudAction):
    """They stay stopped, over reboots too, until the next start or deploy."""

    ARGUMENTS = {"services": {"type": "list", "elements": "str", "default": []}}

    def act(self):
        wanted = self.arguments["services"]
        running = {
            name
            for name, found in self.module("observe", root=CONFIG_ROOT)["observed"]["containers"].items()
            if found["status"] == "running"
        }
        changes = [
            {"name": name, "action": "stop", "spec": dict(spec)}
            for service in reversed(desired_state(self.cloud, self.host).values())
            for name, spec in service.containers.items()
            if name in running and (not wanted or service.name in wanted)
        ]
        if not changes:
            return {"changed": False, "stopped": []}
        told = self.carry_out("containers", {"": [changes]})[""]
        return {"changed": True, "stopped": list(told["seconds"])}
