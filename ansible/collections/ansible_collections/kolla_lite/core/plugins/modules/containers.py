#!/usr/bin/python
"""Module containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: containers
short_description: Create, recreate, start, stop or remove containers of a host, in one call
description:
  - Carries out what a plan decided; decides nothing itself. Waits until each container is healthy before the next of its chain.
  - When the run that started it was killed it ends before the next change; what is left is for the next run.
  - A container that does not become healthy is kept, and its last lines are in the message.
options:
  chains:
    description:
      - Lists of changes; each list in its order, lists side by side. A change has C(name), C(action) (create, recreate,
        start, wait, stop, remove), C(spec), and C(image_id), the id that its image should have, or null.
    type: list
    elements: list
    required: true
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.containers:
    chains: [[{name: keystone, action: stop}]]
"""

RETURN = r"""
begun:
  description: When each change began, in seconds since the first did, by container.
  type: dict
  returned: always
seconds:
  description: How long each change took, in seconds, by container; of those that were done, when one failed.
  type: dict
  returned: always
failures:
  description: What went wrong, by container.
  type: dict
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import busy, chains, containers


def change(client, name, action, spec=None, image_id=None):
    """One change."""
    if action in ("create", "recreate"):
        containers.have_image(client, spec["image"], image_id)
    if action in ("recreate", "remove"):
        containers.remove(client, name, (spec or {}).get("stop_seconds", 10))
    if action in ("create", "recreate"):
        containers.create(client, name, spec)
    if action in ("create", "recreate", "start"):
        client.start(name)
    if action in ("create", "recreate", "start", "wait"):
        containers.wait_healthy(client, name, spec)
    if action == "stop":
        client.stop(name, timeout=spec["stop_seconds"])


def main():
    module = AnsibleModule(
        argument_spec={"chains": {"type": "list", "elements": "list", "required": True}}, supports_check_mode=True
    )
    if module.check_mode:
        module.exit_json(changed=bool(module.params["chains"]), begun={}, seconds={}, failures={})
    with busy.changing():
        told = chains.carry_out(module.params["chains"], lambda client, one: change(client, **one))
    del told["results"]
    module.exit_json(changed=bool(told["begun"]), **told)


if __name__ == "__main__":
    main()
