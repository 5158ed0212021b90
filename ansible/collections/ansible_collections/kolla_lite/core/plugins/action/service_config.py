"""Action service_config: bring a service's configuration files on a host to what the plan says, in one round trip."""

from __future__ import annotations

import base64
import json

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.deploy.desired import CONFIG_ROOT
from kolla_lite.deploy.plan import RELOAD


class ActionModule(CloudAction):
    """Renders on the controller; contents travel as the module's input, never on a command line."""

    def act(self):
        steps = self.steps("file")
        planned = {step["name"]: step["action"] for step in steps}
        if not planned:
            return {"changed": False, "files": []}
        write = [
            {
                "container": file.container,
                "path": file.path,
                "mode": file.mode,
                "uid": file.uid,
                "content": base64.b64encode(file.content).decode(),
            }
            for file in self.desired().files
            if "{0}/{1}/{2}".format(CONFIG_ROOT, file.container, file.path) in planned
        ]
        remove = [self.located(name) for name, action in planned.items() if action == "remove"]
        payload = json.dumps({"write": write, "remove": remove, "reload": self._reloads()})
        result = self.module("config_files", root=CONFIG_ROOT, payload=payload)
        return {"changed": result["changed"], "files": result["files"], "diff": self.diffs(steps)}

    def _reloads(self):
        """For each container that the plan has reloaded: the signal, the check, and which files are read again."""
        wanted = {step["name"] for step in self.steps("container") if step["action"] == RELOAD}
        found = {}
        for file in self.desired().files if wanted else []:
            if file.container in wanted and file.reload:
                entry = {"signal": file.reload, "check": file.check, "paths": []}
                found.setdefault(file.container, entry)["paths"].append(file.path)
        return found
