#!/usr/bin/python
"""Module job."""

from __future__ import annotations

DOCUMENTATION = r"""
module: job
short_description: Run a command to its end in a one-shot container
description:
  - The finished container stays, stopped, so that its output can be read and the next run knows that it ran.
  - A failed one stays in any case.
  - One that a killed run left running is never cut short. It is waited for, and counts when it is just what is wanted.
options:
  name:
    description: Name of the container.
    type: str
    required: true
  spec:
    description: What it is made from, with C(command).
    type: dict
    required: true
  image_id:
    description: The id that its image should have; it is pulled when the host has none, or another.
    type: str
  keep:
    description: Whether the finished container stays.
    type: bool
    default: true
  timeout:
    description: Time after which the job counts as failed, in seconds.
    type: int
    default: 900
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.job:
    name: keystone_db_sync
    spec: "{{ spec }}"
"""

RETURN = r"""
output:
  description: The last lines that the job printed.
  type: str
  returned: always
failed_at:
  description: The job, as C(name).
  type: str
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import busy, containers


def run(client, name, spec, seconds):
    """The exit code of the job, run now or by a run before this one that was killed."""
    running, same = containers.is_running(client, name, spec)
    if running:
        status = containers.wait_exit(client, name, seconds)
        if same and status == 0:
            return status
    containers.go_on()
    containers.remove(client, name)
    containers.create(client, name, spec)
    client.start(name)
    return containers.wait_exit(client, name, seconds)


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "spec": {"type": "dict", "required": True},
            "image_id": {"type": "str"},
            "keep": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 900},
        },
        supports_check_mode=True,
    )
    name, spec = module.params["name"], module.params["spec"]
    if module.check_mode:
        module.exit_json(changed=True, output="")
    try:
        client = containers.connect()
        with busy.changing():
            containers.have_image(client, spec["image"], module.params["image_id"])
            status = run(client, name, spec, module.params["timeout"])
        output = containers.logs(client, name)
    except containers.ContainerError as error:
        module.fail_json(msg=str(error), failed_at=name)
    if status != 0:
        message = "job {0} failed with exit code {1}; it is kept for inspection. Its last lines:\n{2}"
        module.fail_json(msg=message.format(name, status, output), failed_at=name)
    if not module.params["keep"]:
        containers.remove(client, name)
    module.exit_json(changed=True, output=output)


if __name__ == "__main__":
    main()
