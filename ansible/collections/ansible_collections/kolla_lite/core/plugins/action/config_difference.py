"""Action config_difference: how the files that a host holds differ from those it should hold. Changes nothing."""

from __future__ import annotations

import base64

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import CloudAction

from kolla_lite.config.difference import masked_diff
from kolla_lite.deploy.desired import CONFIG_ROOT, desired_state


class ActionModule(CloudAction):
    """Contents stay in this process; the result holds differences without secrets."""

    ARGUMENTS = {"services": {"type": "list", "elements": "str", "default": []}}

    def act(self):
        wanted = self.arguments["services"]
        chosen = [one for name, one in desired_state(self.cloud, self.host).items() if not wanted or name in wanted]
        new = {
            "{0}/{1}/{2}".format(CONFIG_ROOT, file.container, file.path): file.content
            for service in chosen
            for file in service.files
        }
        self._play_context.no_log = True  # or the connection prints at -vvv what the files hold
        folders = ["{0}/{1}".format(CONFIG_ROOT, container) for service in chosen for container in service.containers]
        held = self.module("file_contents", names=folders)["contents"]
        old = {name: base64.b64decode(content) for name, content in held.items()}
        secrets = self.cloud.secrets.all_values()
        found = [
            {"file": name, "diff": masked_diff(_text(old.get(name)), _text(new.get(name)), name, secrets)}
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]
        return {"changed": False, "config_differences": found}


def _text(content):
    return None if content is None else content.decode("utf-8", "replace")
