#!/usr/bin/python
"""Module jobs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: jobs
short_description: Run commands to their end in one-shot containers
description:
  - The finished container stays, stopped, so that its output can be read and the next run knows that it ran.
  - A failed one stays in any case.
  - One that a killed run left running is never cut short. It is waited for, and counts when it is just what is wanted.
options:
  chains:
    description:
      - Lists of jobs; each list in its order, lists side by side. A job has C(name), C(spec) with C(command), and
        C(image_id), the id that its image should have; it is pulled when the host has none, or another.
    type: list
    elements: list
    required: true
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
- kolla_lite.core.jobs:
    chains: [[{name: keystone_db_sync, spec: "{{ spec }}"}]]
"""

RETURN = r"""
begun:
  description: When each job began, in seconds since the first did, by name.
  type: dict
  returned: always
seconds:
  description: How long each job took, in seconds, by name; of those that were done, when one failed.
  type: dict
  returned: always
output:
  description: The last lines that each job printed, by name.
  type: dict
  returned: always
failures:
  description: What went wrong, by job.
  type: dict
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import busy, chains, containers


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


def job(client, name, spec, image_id, parameters):
    """Run one job: its last lines. ContainerError with them when it fails."""
    containers.have_image(client, spec["image"], image_id)
    status = run(client, name, spec, parameters["timeout"])
    output = containers.logs(client, name)
    if status != 0:
        message = "job {0} failed with exit code {1}; it is kept for inspection. Its last lines:\n{2}"
        raise containers.ContainerError(message.format(name, status, output))
    if not parameters["keep"]:
        containers.remove(client, name)
    return output


def main():
    module = AnsibleModule(
        argument_spec={
            "chains": {"type": "list", "elements": "list", "required": True},
            "keep": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 900},
        },
        supports_check_mode=True,
    )
    parameters = module.params
    if module.check_mode:
        module.exit_json(changed=bool(parameters["chains"]), begun={}, seconds={}, output={}, failures={})
    with busy.changing():
        told = chains.carry_out(parameters["chains"], lambda client, one: job(client, parameters=parameters, **one))
    told["output"] = told.pop("results")
    module.exit_json(changed=bool(told["begun"]), **told)


if __name__ == "__main__":
    main()
