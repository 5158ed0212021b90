#!/usr/bin/python
"""Module rotation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation
short_description: Take replicas of services out of the load balancer's rotation, or bring them back
description:
  - Speaks to HAProxy in the gateway's container on this host.
  - A replica is taken out only when another one is up, and comes back only when its health check succeeds.
  - Where the gateway does not run yet, or does not know a replica, there is nothing to do, and it says so.
options:
  gateway:
    description: Name of the gateway's container.
    type: str
    required: true
  replicas:
    description: The replicas, as SERVICE/HOST.
    type: list
    elements: str
    required: true
  state:
    description: Where they shall be.
    type: str
    choices: [in, out]
    required: true
  wait:
    description: For how long requests may finish, or a replica become healthy, in seconds; 0 does not wait.
    type: int
    required: true
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.rotation:
    gateway: haproxy
    replicas: [keystone/ctl2]
    state: out
    wait: 30
"""

RETURN = r"""
replicas:
  description: How it went, in words, by replica.
  type: dict
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import balancer, containers


def main():
    module = AnsibleModule(
        argument_spec={
            "gateway": {"type": "str", "required": True},
            "replicas": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["in", "out"]},
            "wait": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, replicas={})
    move = balancer.take_out if module.params["state"] == "out" else balancer.bring_back
    told = {}
    try:
        path = balancer.connect(containers.connect(), module.params["gateway"])
        for replica in module.params["replicas"]:
            service, host = replica.split("/")
            if path:
                told[replica] = move(path, service, host, module.params["wait"])
            else:
                balancer.forget(replica)
                told[replica] = "the load balancer does not run"
    except (balancer.BalancerError, containers.ContainerError, OSError) as error:
        module.fail_json(msg=str(error))
    # What a service offers does not change by that.
    module.exit_json(changed=False, replicas=told)


if __name__ == "__main__":
    main()
