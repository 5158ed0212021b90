"""Action plan: compare what a host should hold with what it holds. Changes nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, replace
from pathlib import Path

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import PLAN_FACT, CloudAction

from kolla_lite.config.difference import hide, masked_diff
from kolla_lite.deploy.choices import choices
from kolla_lite.deploy.desired import CONFIG_ROOT, desired_state
from kolla_lite.deploy.images import absent, built_images, plan_images
from kolla_lite.deploy.interruption import interruption
from kolla_lite.deploy.plan import Step, plan_host
from kolla_lite.deploy.planfile import fingerprint, read_plan
from kolla_lite.deploy.playbook import together_with
from kolla_lite.deploy.precheck import precheck
from kolla_lite.deploy.removal import refuse_removals
from kolla_lite.deploy.resources import desired_resources
from kolla_lite.deploy.rotation import gateways, left_out
from kolla_lite.runs.history import replacement_seconds


class ActionModule(CloudAction):
    """Sets the fact kolla_lite_plan: steps with causes, and the ids that images should have, for the roles that follow.

    With Ansible's --diff, steps of files tell what changes in them.
    """

    ARGUMENTS = {
        "actions": {"type": "list", "elements": "str", "default": []},
        "expected": {"type": "path"},
        "removable": {"type": "list", "elements": "str", "default": []},
        "holder": {"type": "dict"},
    }

    def act(self):
        result = self._compare()
        if result["steps"] and self.arguments["holder"]:
            # Until now somebody else may have changed the host; from here on nobody else does.
            result = self._compare(self.arguments["holder"])
        return result

    def _compare(self, holder=None):
        """The task's result; with a run, its lock is taken first."""
        desired, built = desired_state(self.cloud, self.host), built_images(self.cloud)
        observed = self._observe(desired, holder)
        precheck(self.cloud, self.host, desired, observed, built)
        wanted = set(self.task_vars["ansible_run_tags"]) & set(self.cloud.declared)
        chosen = self._steps(desired, observed, built, wanted)
        changing = {step.service for step in chosen}
        facts = {
            "steps": [step.as_dict() for step in chosen],
            "images": built,
            "absent": absent(self.cloud, [desired[name] for name in desired if name in changing], observed, built),
            "rotation": gateways(self.cloud, self.host, chosen),
            "together": together_with(self.cloud.declared),
        }
        prints = fingerprint(desired, observed, built, wanted)
        if self.arguments["expected"]:
            read_plan(Path(self.arguments["expected"])).refuse_moved_host(self.host, facts["steps"], prints)
        told = [asdict(choice) for choice in choices(self.cloud, self.host, observed["facts"])]
        result = {"changed": False, "ansible_facts": {PLAN_FACT: facts}, "steps": facts["steps"]}
        return {**result, "fingerprint": prints, "choices": told}

    def _observe(self, desired, holder):
        """What the host holds; the lock of a run is taken in the same round trip."""
        specs = [
            spec for service in desired.values() for spec in (*service.containers.values(), *service.jobs.values())
        ]
        tools = self.cloud.provider_hosts("tools")[:1]
        resources = desired_resources(self.cloud) if tools and tools[0].name == self.host else {}
        wanted = {
            "root": CONFIG_ROOT,
            "images": sorted({spec["image"] for spec in specs}),
            "resources": json.dumps(resources) if resources else "",
        }
        if holder:
            return self.take_lock(holder, self.host, "observe", **wanted)["observed"]
        return self.module("observe", **wanted)["observed"]

    def _steps(self, desired, observed, built, wanted):
        """What is to be done for the wanted services, in start order, with what it interrupts and how files change."""
        steps = plan_images(self.cloud, self.host, desired, observed, built)
        steps += plan_host(self.host, desired, observed, built)
        steps += left_out(self.cloud, self.host, observed)
        steps += self._resource_steps(observed.get("resources"))
        order = {name: place for place, name in enumerate(self.cloud.services)}
        steps.sort(key=lambda step: order.get(step.service, len(order)))
        steps = [step for step in steps if self._chosen(step, wanted)]
        if not self._task.check_mode:
            refuse_removals(self.cloud, self.host, steps, self.arguments["removable"])
        measured = replacement_seconds(self.cloud.directory) if any(s.action == "recreate" for s in steps) else {}
        chosen = [replace(step, interrupts=interruption(self.cloud, step, measured)) for step in steps]
        return self._with_diffs(chosen, desired) if self._task.diff else chosen

    def _chosen(self, step, wanted):
        """Whether a step belongs to this run: Ansible's tags name services, all without one."""
        actions = self.arguments["actions"]
        # Resources belong to all services: one that can be compared is mended whichever service is deployed.
        known = step.kind == "resource" and step.action != "reconcile"
        return (not actions or step.action in actions) and (not wanted or step.service in wanted or known)

    def _with_diffs(self, steps, desired):
        names = [step.name for step in steps if step.kind == "file"]
        if not names:
            return steps
        self._play_context.no_log = True  # or the connection prints at -vvv what the files hold
        held = self.module("file_contents", names=names)["contents"]
        old = {name: base64.b64decode(content).decode("utf-8", "replace") for name, content in held.items()}
        new = {
            "{0}/{1}/{2}".format(CONFIG_ROOT, file.container, file.path): file.content.decode("utf-8", "replace")
            for service in desired.values()
            for file in service.files
        }
        secrets = self.cloud.secrets.all_values()
        return [
            replace(step, diff=masked_diff(old.get(step.name), new.get(step.name), step.name, secrets))
            if step.kind == "file"
            else step
            for step in steps
        ]

    def _resource_steps(self, resources):
        if not resources:
            return []
        secrets = self.cloud.secrets.all_values()
        providers = {service.provides: service.name for service in self.cloud.services.values() if service.provides}
        steps = [
            Step(
                self.host,
                providers[found["part"]],
                "resource",
                "{kind} {name}".format(**found),
                found["action"],
                found["cause"],
            )
            for found in resources["differences"]
        ]
        return steps + [
            Step(
                self.host,
                providers[error["part"]],
                "resource",
                error["part"],
                "reconcile",
                hide(error["message"], secrets),
            )
            for error in resources["errors"]
        ]
