"""Action service_config: bring services' configuration files on a host to what the plan says, in one round trip."""

from __future__ import annotations

import base64
import json

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.deploy.desired import CONFIG_ROOT
from kolla_lite.deploy.plan import RELOAD


class ActionModule(CloudAction):
    """Renders on the controller; contents travel as the module's input, never on a command line."""

    def act(self):
        planned = self.planned("file")
        if not planned:
            return {"changed": False, "services": {}}
        found = {name: self._payload(name, steps) for name, steps in planned.items()}
        together = {
            "write": [file for payload in found.values() for file in payload["write"]],
            "remove": [file for payload in found.values() for file in payload["remove"]],
            "reload": {name: how for payload in found.values() for name, how in payload["reload"].items()},
        }
        changed = self.module("config_files", root=CONFIG_ROOT, payload=json.dumps(together))["changed"]
        parts = {
            name: {"changed": changed, "files": [step["name"].removeprefix(CONFIG_ROOT + "/") for step in steps]}
            for name, steps in planned.items()
        }
        diff = [one for steps in planned.values() for one in self.diffs(steps)]
        return {"changed": changed, "services": parts, "diff": diff}

    def _payload(self, service, steps):
        planned = {step["name"]: step["action"] for step in steps}
        write = [
            {
                "container": file.container,
                "path": file.path,
                "mode": file.mode,
                "uid": file.uid,
                "content": base64.b64encode(file.content).decode(),
            }
            for file in self.desired(service).files
            if "{0}/{1}/{2}".format(CONFIG_ROOT, file.container, file.path) in planned
        ]
        remove = [self.located(name) for name, action in planned.items() if action == "remove"]
        return {"write": write, "remove": remove, "reload": self._reloads(service)}

    def _reloads(self, service):
        """For each container that the plan has reloaded: the signal, the check, and which files are read again."""
        wanted = {step["name"] for step in self.steps("container", service) if step["action"] == RELOAD}
        found = {}
        for file in self.desired(service).files if wanted else []:
            if file.container in wanted and file.reload:
                entry = {"signal": file.reload, "check": file.check, "paths": []}
                found.setdefault(file.container, entry)["paths"].append(file.path)
        return found
