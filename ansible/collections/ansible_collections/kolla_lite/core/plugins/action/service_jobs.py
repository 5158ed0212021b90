"""Action service_jobs: run the one-shot jobs that the plan names."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import SERVICES, CloudAction


class ActionModule(CloudAction):
    """Those of a service in the order of its declaration, until the first failure; those of several side by side."""

    ARGUMENTS = {
        **SERVICES,
        "during": {"type": "str", "choices": ["deploy", "rotate"], "default": "deploy"},
        "phase": {"type": "str", "choices": ["before", "after"], "default": "before"},
    }

    def act(self):
        during = self.arguments["during"]
        chains = {}
        planned = self.planned("job") if during == "deploy" else dict.fromkeys(self.arguments["services"])
        for name, steps in planned.items():
            wanted = steps and {step["name"] for step in steps}  # None: all of them
            jobs = [
                {"name": job, "spec": dict(spec), "image_id": self.wanted_image(spec)}
                for job, spec in self.desired(name, during).jobs_of(self.arguments["phase"]).items()
                if wanted is None or job in wanted
            ]
            chains[name] = [jobs]
        parts = self.carry_out("jobs", chains, keep=during == "deploy")
        return {"changed": bool(parts), "services": parts}
