"""Action service_leftovers: remove what a host still holds of services that are not on it any more."""

from __future__ import annotations

import json

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import PLAN_FACT, CloudAction

from kolla_lite.deploy.desired import CONFIG_ROOT


class ActionModule(CloudAction):
    """Such a host is in no group of the service, so no play of the service reaches it. Volumes stay."""

    ARGUMENTS = {}

    def act(self):
        here = self.cloud.services_on(self.host)
        left = {}
        for step in self.task_vars[PLAN_FACT]["steps"]:
            if step["action"] == "remove" and step["service"] not in here:
                left.setdefault(step["service"], []).append(step)
        if not left:
            return {"changed": False, "services": {}}
        files = [self.located(step["name"]) for steps in left.values() for step in steps if step["kind"] == "file"]
        if files:
            payload = {"write": [], "remove": files, "reload": {}}
            self.module("config_files", root=CONFIG_ROOT, payload=json.dumps(payload))
        chains = {
            name: [[{"name": step["name"], "action": "remove"}] for step in steps if step["kind"] == "container"]
            for name, steps in left.items()
        }
        parts = {**{name: {"changed": True} for name in left}, **self.carry_out("containers", chains)}
        diff = [one for steps in left.values() for one in self.diffs(steps)]
        return {"changed": True, "services": parts, "diff": diff}
