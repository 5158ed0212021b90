"""Action images_ahead: have a host fetch the images that the plan will need, while what comes before is done."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import PLAN_FACT, CloudAction


class ActionModule(CloudAction):
    """Nothing happens where hosts get images from the controller, or have them."""

    ARGUMENTS = {}

    def act(self):
        absent = self.task_vars[PLAN_FACT]["absent"]
        if absent:
            self.module("fetch", images=absent)
        return {"changed": False, "images": absent}
