"""Base of this collection's action plugins: knows the cloud and the host, turns user errors into task failures."""

from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from kolla_lite.cloud import cached_cloud
from kolla_lite.deploy.desired import CONFIG_ROOT, desired_service
from kolla_lite.deploy.lock import Holder, take
from kolla_lite.errors import UserError

PLAN_FACT = "kolla_lite_plan"
SERVICES = {"services": {"type": "list", "elements": "str", "required": True}}
"""The argument of actions that are about services which change side by side."""


class CloudAction(ActionBase):
    """Subclasses give `act`, which returns the task's result; arguments are checked against `ARGUMENTS`."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    ARGUMENTS = SERVICES

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        self.lock, self.done = {}, {}
        _checked, self.arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        self.task_vars = task_vars
        self.host = task_vars["inventory_hostname"]
        self.cloud = cached_cloud(Path(task_vars["kolla_lite_config"]))
        about = {"service": self.arguments["service"]} if "service" in self.arguments else {}
        try:
            return {**self.act(), **about, **self.lock}
        except UserError as error:
            # What a template or a program says of a value may quote it.
            entries = [{**entry, "message": self.cloud.secrets.masked(entry["message"])} for entry in error.as_dicts()]
            message = self.cloud.secrets.masked(str(error))
            return {"failed": True, "msg": message, "kolla_lite_errors": entries, **self.done, **about, **self.lock}
        except AnsibleActionFail as error:
            return {"failed": True, "msg": error.message, **self.done, **about, **self.lock}

    def module(self, name, /, **arguments):
        """Run a module of this collection on the host; AnsibleActionFail with its message when it fails."""
        result = self._execute_module(
            module_name="kolla_lite.core." + name, module_args=arguments, task_vars=self.task_vars
        )
        if result.get("failed"):
            message = self.cloud.secrets.masked(result.get("msg", "module {0} failed".format(name)))
            raise AnsibleActionFail(message)
        return result

    def carry_out(self, module, chains, **arguments):
        """Have a module carry out each service's chains of changes, side by side: what it told, by service.

        AnsibleActionFail when one failed; how far it got stands in the task's result beside what failed.
        """
        chains = {name: kept for name, found in chains.items() if (kept := [chain for chain in found if chain])}
        if not chains:
            return {}
        told = self.module(module, chains=[chain for found in chains.values() for chain in found], **arguments)
        parts = {name: self._part(told, found) for name, found in chains.items()}
        self.done = {"services": parts}
        failures = [message for part in parts.values() for message in part["failures"].values()]
        if failures:
            raise AnsibleActionFail("\n".join(dict.fromkeys(failures)))  # of an engine that is gone, all say the same
        return parts

    def _part(self, told, chains):
        """What a module told of some of its chains."""
        names = [change["name"] for chain in chains for change in chain]
        part = {"changed": bool(told["changed"])}
        for key in ("begun", "seconds", "output", "failures"):
            found = {name: told[key][name] for name in names if name in told.get(key, {})}
            part[key] = {
                name: self.cloud.secrets.masked(value) if isinstance(value, str) else value
                for name, value in found.items()
            }
        return part

    def take_lock(self, holder, host, name, /, **arguments):
        """Take a host's lock for a run through a module that can; its answer. UserError when somebody else has it."""

        def ask(instead_of):
            return self.module(name, holder=holder, instead_of=instead_of, **arguments)

        answer, note = take(ask, Holder(**holder), host)
        self.lock = {"locked": host, "note": note}
        return answer

    def desired(self, name, during="deploy"):
        """What the host should hold of a service, with the jobs of one command."""
        containers = self.cloud.services_on(self.host)[name]
        return desired_service(self.cloud, self.cloud.services[name], self.cloud.hosts[self.host], containers, during)

    def wanted_image(self, spec):
        """The id that the image of a spec should have; None when nobody but the host knows."""
        return self.task_vars.get(PLAN_FACT, {}).get("images", {}).get(spec.get("image"))

    def steps(self, kind, service):
        """The plan's steps of one kind for this host and a service, as dictionaries."""
        plan = self.task_vars[PLAN_FACT]["steps"]
        return [step for step in plan if step["kind"] == kind and step["service"] == service]

    def planned(self, kind):
        """The plan's steps of one kind for this host, by service, of those services that the task names."""
        found = {name: self.steps(kind, name) for name in self.arguments["services"]}
        return {name: steps for name, steps in found.items() if steps}

    def located(self, name):
        """The container and the path in its folder of a file that a step names: what module config_files wants."""
        container, path = name[len(CONFIG_ROOT) + 1 :].split("/", 1)
        return {"container": container, "path": path}

    def diffs(self, steps):
        """Differences of files, where the plan has them, as Ansible shows them."""
        return [{"prepared": step["diff"]} for step in steps if step.get("diff")]
