#!/usr/bin/python
"""Module observe."""

from __future__ import annotations

DOCUMENTATION = r"""
module: observe
short_description: Look at everything of kolla-lite's on a host, in one call
description:
  - Returns containers, images, configuration files, differences of resources, and what prechecks need. Changes nothing.
  - With I(holder), takes the lock of the host first, so that what it sees stays so.
options:
  root:
    description: Folder of the containers' configuration folders.
    type: path
    required: true
  images:
    description: Image references whose ids are wanted.
    type: list
    elements: str
    default: []
  resources:
    description: Desired databases, queue users and catalogue, as JSON, compared in the toolbox container of this host.
    type: str
    default: ""
  holder:
    description: The run that takes the lock, as for M(kolla_lite.core.lock).
    type: dict
  instead_of:
    description: Id of a run that is over, whose lock is replaced.
    type: str
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.observe:
    root: /etc/kolla
    images: ["kolla-lite/keystone:2026.1"]
"""

RETURN = r"""
observed:
  description: Containers by name, images by reference, files by container, facts of the host, the mark of its cloud.
  type: dict
  returned: when the lock was not refused
held:
  description: The run that holds the lock, when it is not I(holder), or the C(cloud) that the host belongs to, when it is another.
  type: dict
  returned: when the lock was refused
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import (
    balancer,
    busy,
    containers,
    facts,
    files,
    lock,
    resources,
)


def take_lock(module):
    """Take the lock when one is asked for; the end of the module when somebody else has it."""
    if module.params["holder"] and not module.check_mode:
        held = lock.take(module.params["holder"], module.params["instead_of"])
        if held:
            module.exit_json(changed=False, held=held)


def main():
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "images": {"type": "list", "elements": "str", "default": []},
            "resources": {"type": "str", "default": "", "no_log": True},
            "holder": {"type": "dict"},
            "instead_of": {"type": "str"},
        },
        supports_check_mode=True,
    )
    take_lock(module)
    with busy.looking():
        observed = observe(module.params)
    module.exit_json(changed=False, observed=observed)


def observe(parameters):
    """Everything that there is to see."""
    observed = {"facts": facts.observe(), "files": files.observe(parameters["root"]), "engine": None}
    observed["cloud"] = lock.owner()
    observed["rotation"] = balancer.taken_out()
    try:
        client = containers.connect()
        observed["engine"] = client.version()["Version"]
        observed["containers"] = containers.observe(client)
        observed["images"] = {name: containers.image_id(client, name) for name in parameters["images"]}
        if parameters["resources"]:
            observed["resources"] = resources.reconcile(client, parameters["resources"], check=True)
    except containers.ContainerError as error:
        observed["engine_error"] = str(error)
    return observed


if __name__ == "__main__":
    main()
