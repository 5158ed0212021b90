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
        left = [
            step
            for step in self.task_vars[PLAN_FACT]["steps"]
            if step["action"] == "remove" and step["service"] not in here
        ]
        if not left:
            return {"changed": False, "removed": []}
        files = [step["name"] for step in left if step["kind"] == "file"]
        if files:
            payload = {"write": [], "remove": [self.located(name) for name in files], "reload": {}}
            self.module("config_files", root=CONFIG_ROOT, payload=json.dumps(payload))
        removed = [step["name"] for step in left if step["kind"] == "container"]
        self.carry_out("containers", {"": [[{"name": name, "action": "remove"} for name in removed]]})
        return {"changed": True, "removed": removed, "diff": self.diffs(left)}
