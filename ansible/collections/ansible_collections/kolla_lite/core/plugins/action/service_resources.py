"""Action service_resources: reconcile what a service provides to all others: databases, queue users, catalogue."""

from __future__ import annotations

import json

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.deploy.resources import desired_resources


class ActionModule(CloudAction):
    """Runs on the host of the toolbox."""

    ARGUMENTS = {"service": {"type": "str", "required": True}}

    def act(self):
        steps = self.steps("resource", self.arguments["service"])
        if not steps or self._task.check_mode:  # what is to be asked may itself be to come
            return {"changed": bool(steps), "differences": []}
        part = self.cloud.services[self.arguments["service"]].provides
        result = self.module("resources", wanted=json.dumps({part: desired_resources(self.cloud)[part]}))
        return {"changed": result["changed"], "differences": result["differences"]}
