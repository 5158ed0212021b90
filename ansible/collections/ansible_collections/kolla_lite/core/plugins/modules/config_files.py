#!/usr/bin/python
"""Module config_files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Write a service's configuration files on a host, in one call
description:
  - Writes each file atomically with its owner and mode, and removes files that are named as gone.
  - Where a container reads files again on a signal, sends it. When a check in the container refuses the new files, the
    old ones are put back, no signal is sent, and the module fails with what the check said.
options:
  root:
    description: Folder of the containers' configuration folders.
    type: path
    required: true
  payload:
    description:
      - JSON with C(write), a list of files (container, path, mode, uid, content in base64),
        C(remove), a list of files (container, path),
        and C(reload), by container the signal, the check (a command, or null) and the paths of the files it is for.
    type: str
    required: true
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.config_files:
    root: /etc/kolla
    payload: '{"write": [], "remove": [{"container": "keystone", "path": "policy.yaml"}], "reload": {}}'
"""

RETURN = r"""
files:
  description: Names of the files written or removed.
  type: list
  returned: always
"""

import base64
import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import busy, containers, files


def write(root, payload):
    """Write and remove."""
    for file in payload["write"]:
        content = base64.b64decode(file["content"])
        files.write(root, file["container"], file["path"], content, file["mode"], file["uid"])
    for file in payload["remove"]:
        files.remove(root, file["container"], file["path"])


def write_and_reload(root, payload):
    """Write, and have it read. ContainerError in the end when a container refuses its files, which are then as before."""
    reloads, refusals = payload["reload"], []
    old = {name: _contents(root, name, reload["paths"]) for name, reload in reloads.items()}
    write(root, payload)
    client = containers.connect() if reloads else None
    for name, reload in reloads.items():
        good, said = containers.run(client, name, reload["check"]) if reload["check"] else (True, "")
        if good:
            containers.signal(client, name, reload["signal"])
            continue
        for file in payload["write"]:
            if file["container"] == name and file["path"] in old[name]:
                files.write(root, name, file["path"], old[name][file["path"]], file["mode"], file["uid"])
        refusals.append("{0} refuses its new configuration and keeps the old one:\n{1}".format(name, said.strip()))
    if refusals:
        raise containers.ContainerError("\n".join(refusals))


def _contents(root, container, paths):
    found = {}
    for path in paths:
        full = os.path.join(root, container, path)
        if os.path.exists(full):
            with open(full, "rb") as stream:
                found[path] = stream.read()
    return found


def main():
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "payload": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    root, payload = module.params["root"], json.loads(module.params["payload"])
    done = ["{container}/{path}".format(**file) for file in payload["write"] + payload["remove"]]
    if not module.check_mode:
        try:
            with busy.changing():
                write_and_reload(root, payload)
        except containers.ContainerError as error:
            module.fail_json(msg=str(error))
    module.exit_json(changed=bool(done), files=done)


if __name__ == "__main__":
    main()
