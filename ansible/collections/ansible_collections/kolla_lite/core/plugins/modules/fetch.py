#!/usr/bin/python
"""Module fetch."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fetch
short_description: Have images fetched from their registry, without waiting for that
description:
  - A process of its own has the engine pull them, one after the other, and ends. Whoever needs one before it is there
    has it pulled too, and the engine does that once.
options:
  images:
    description: Image references, in the order in which they will be needed.
    type: list
    elements: str
    required: true
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.fetch:
    images: ["10.0.0.11:4000/kolla-lite/keystone:2026.1"]
"""

RETURN = r""" # """

import contextlib
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import containers


def fetch(images):
    """Pull them in a process that nobody waits for; what fails is told by whoever needs it."""
    if os.fork():
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in range(3):
        os.dup2(nothing, handle)
    with contextlib.suppress(Exception):
        client = containers.connect()
        for image in images:
            with contextlib.suppress(containers.ContainerError):
                containers.pull(client, image)
    os._exit(0)


def main():
    module = AnsibleModule(
        argument_spec={"images": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    if not module.check_mode:
        fetch(module.params["images"])
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
