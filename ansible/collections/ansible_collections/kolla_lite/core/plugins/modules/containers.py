#!/usr/bin/python
"""Module containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: containers
short_description: Create, recreate, start, stop or remove containers of a host, in one call
description:
  - Carries out what a plan decided; decides nothing itself. Waits until each container is healthy before the next.
  - When the run that started it was killed it ends before the next change; what is left is for the next run.
  - A container that does not become healthy is kept, and its last lines are in the message.
options:
  changes:
    description:
      - In this order, each with C(name), C(action) (create, recreate, start, wait, stop, remove), C(spec), and C(image_id),
        the id that its image should have, or null.
    type: list
    elements: dict
    required: true
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.containers:
    changes: [{name: keystone, action: stop}]
"""

RETURN = r"""
seconds:
  description: How long each change took, in seconds, by container; of those that were done, when one failed.
  type: dict
  returned: always
failed_at:
  description: The container whose change failed.
  type: str
  returned: failure
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import busy, containers


def carry_out(client, name, action, spec=None, image_id=None):
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
        argument_spec={"changes": {"type": "list", "elements": "dict", "required": True}}, supports_check_mode=True
    )
    changes, seconds, name = module.params["changes"], {}, ""
    try:
        client = containers.connect()
        with busy.changing():
            for change in changes if not module.check_mode else []:
                begun, name = time.monotonic(), change["name"]
                containers.go_on()
                carry_out(client, **change)
                seconds[name] = round(time.monotonic() - begun, 1)
    except containers.ContainerError as error:
        module.fail_json(msg=str(error), seconds=seconds, failed_at=name)
    module.exit_json(changed=bool(changes), seconds=seconds)


if __name__ == "__main__":
    main()
