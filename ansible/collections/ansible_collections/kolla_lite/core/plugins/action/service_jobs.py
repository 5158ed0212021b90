"""Action service_jobs: run the one-shot jobs that the plan names."""

from __future__ import annotations

import time

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction


class ActionModule(CloudAction):
    """In the order of the declaration; the first failure ends the task."""

    ARGUMENTS = {
        "service": {"type": "str", "required": True},
        "during": {"type": "str", "choices": ["deploy", "rotate"], "default": "deploy"},
        "phase": {"type": "str", "choices": ["before", "after"], "default": "before"},
    }

    def act(self):
        during = self.arguments["during"]
        output, seconds = self.done.setdefault("output", {}), self.done.setdefault("seconds", {})
        planned = {step["name"] for step in self.steps("job")} if during == "deploy" else None
        for name, spec in self.desired(during).jobs_of(self.arguments["phase"]).items():
            if planned is None or name in planned:
                image = self.wanted_image(spec)
                begun = time.monotonic()
                done = self.module("job", name=name, spec=dict(spec), image_id=image, keep=during == "deploy")
                output[name] = self.cloud.secrets.masked(done["output"])
                seconds[name] = round(time.monotonic() - begun, 1)
        return {"changed": bool(output), "output": output, "seconds": seconds}
