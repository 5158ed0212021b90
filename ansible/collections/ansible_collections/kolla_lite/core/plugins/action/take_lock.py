"""Action take_lock: let no other run change a host until the command that started this one ends."""

from __future__ import annotations

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction


class ActionModule(CloudAction):
    """Delegated, it is about the host that it is delegated to; then it goes without one that is down."""

    ARGUMENTS = {"holder": {"type": "dict", "required": True}}

    def act(self):
        other = self._task.delegate_to
        try:
            self.take_lock(self.arguments["holder"], other or self.host, "lock", state="taken")
        except AnsibleConnectionFailure:
            if not other:
                raise
            self.lock = {"note": "{0} is down: runs for other hosts are not kept out".format(other)}
        return {"changed": False}
