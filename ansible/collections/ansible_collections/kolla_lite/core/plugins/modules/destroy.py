#!/usr/bin/python
"""Module destroy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: destroy
short_description: Remove containers of kolla-lite from a host, and their configuration
description:
  - Removes what kolla-lite created and nothing else. Volumes, and with them all data, stay unless told.
options:
  root:
    description: Folder of the containers' configuration folders.
    type: path
    required: true
  services:
    description: Only the containers of these services; all without it.
    type: list
    elements: str
    default: []
  volumes:
    description: Remove the named volumes too. Without O(services), the host then belongs to no cloud.
    type: bool
    default: false
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.destroy:
    root: /etc/kolla
"""

RETURN = r"""
containers:
  description: Names of the containers removed.
  type: list
  returned: always
volumes:
  description: Names of the volumes removed.
  type: list
  returned: always
"""

import os
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import chains, containers, lock


def remove(found):
    """What removes one of the containers that were found."""
    return lambda client, change: containers.remove(client, change["name"], found[change["name"]]["stop_seconds"])


def main():
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "services": {"type": "list", "elements": "str", "default": []},
            "volumes": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    wanted = module.params["services"]
    try:
        client = containers.connect()
        found = {
            name: entry["spec"]
            for name, entry in containers.observe(client).items()
            if entry["spec"] and (not wanted or entry["spec"]["service"] in wanted)
        }
        mounted = {v["source"] for spec in found.values() for v in spec["volumes"] if not v["source"].startswith("/")}
        volumes = sorted(mounted) if module.params["volumes"] else []
        if not module.check_mode:
            told = chains.carry_out([[{"name": name}] for name in found], remove(found))
            for name in told["seconds"]:
                shutil.rmtree(os.path.join(module.params["root"], name), ignore_errors=True)
            if told["failures"]:
                module.fail_json(msg="\n".join(told["failures"].values()))
            for name in volumes:
                containers.remove_volume(client, name)
            if module.params["volumes"] and not wanted:
                lock.disown()
    except containers.ContainerError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(found), containers=sorted(found), volumes=volumes)


if __name__ == "__main__":
    main()
