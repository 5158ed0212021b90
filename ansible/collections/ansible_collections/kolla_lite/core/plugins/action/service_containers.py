"""Action service_containers: carry out the plan's changes of services' containers on a host, in one round trip."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.deploy.plan import RELOAD


class ActionModule(CloudAction):
    """Waits until each container is healthy. New ones start side by side, unless their service wants an order."""

    def act(self):
        chains = {name: self._chains(name, steps) for name, steps in self.planned("container").items()}
        parts = self.carry_out("containers", chains)
        return {"changed": bool(parts), "services": parts}

    def _chains(self, service, steps):
        here = service in self.cloud.services_on(self.host)
        specs = self.desired(service).containers if here else {}
        ordered, alone = [], []
        for step in steps:
            if step["action"] == RELOAD:  # it was told to by whoever wrote its configuration
                continue
            spec = dict(specs.get(step["name"], {}))
            change = {"name": step["name"], "action": step["action"], "spec": spec, "image_id": self.wanted_image(spec)}
            if step["action"] == "create" and not self.cloud.declared[service].in_order:
                alone.append([change])
            else:
                ordered.append(change)
        return [ordered, *alone]
