"""Action service_containers: carry out the plan's changes of a service's containers on a host, in one round trip."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.deploy.plan import RELOAD


class ActionModule(CloudAction):
    """Waits until each container is healthy."""

    def act(self):
        # What is reloaded was told to by whoever wrote its configuration.
        steps = [step for step in self.steps("container") if step["action"] != RELOAD]
        if not steps:
            return {"changed": False}
        specs = self.desired().containers if self.arguments["service"] in self.cloud.services_on(self.host) else {}
        changes = []
        for step in steps:
            spec = dict(specs.get(step["name"], {}))
            image = self.wanted_image(spec)
            changes.append({"name": step["name"], "action": step["action"], "spec": spec, "image_id": image})
        result = self.module("containers", changes=changes)
        return {"changed": result["changed"], "seconds": result["seconds"]}
