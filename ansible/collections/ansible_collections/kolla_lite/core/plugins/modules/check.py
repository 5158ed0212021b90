#!/usr/bin/python
"""Module check."""

from __future__ import annotations

DOCUMENTATION = r"""
module: check
short_description: Health of containers and endpoints, asked now
description:
  - Runs each container's own health command, and gets each URL. Changes nothing.
options:
  containers:
    description: Names of the containers that should run.
    type: list
    elements: str
    required: true
  urls:
    description: URLs by name, asked from this host.
    type: dict
    default: {}
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.check:
    containers: [keystone]
    urls: {keystone: "http://10.0.0.11:5000/healthcheck"}
"""

RETURN = r"""
health:
  description: For each container and endpoint its kind, name, state and detail.
  type: list
  returned: always
"""

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import containers

TIMEOUT_SECONDS = 10


def container_health(name):
    """Health of one container, as its own health command tells; with a client of its own, for threads."""
    client = containers.connect()
    found = containers.observe(client).get(name)
    if found is None:
        return entry("container", name, "missing", "")
    if found["status"] != "running":
        return entry("container", name, found["status"], "exit code {0}".format(found["exit_code"]))
    health = (found["spec"] or {}).get("health")
    if not health:
        return entry("container", name, "running", "since {0}".format(found["started"][:19]))
    good, text = containers.run(client, name, health["command"])
    since = "since {0}".format(found["started"][:19])
    return entry("container", name, "healthy" if good else "unhealthy", since if good else text.strip()[-200:])


def endpoint_health(name, url):
    """Health of one endpoint: any answer below 400 is good."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own endpoints
            return entry("endpoint", name, "healthy", "{0} {1}".format(url, answer.status))
    except (urllib.error.URLError, OSError) as error:
        return entry("endpoint", name, "unhealthy", "{0} {1}".format(url, error))


def entry(kind, name, state, detail):
    """One line of the report."""
    return {"kind": kind, "name": name, "state": state, "detail": detail}


def main():
    module = AnsibleModule(
        argument_spec={
            "containers": {"type": "list", "elements": "str", "required": True},
            "urls": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    try:
        with ThreadPoolExecutor(8) as pool:
            health = list(pool.map(container_health, module.params["containers"]))
            health += pool.map(lambda item: endpoint_health(*item), module.params["urls"].items())
    except containers.ContainerError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, health=health)


if __name__ == "__main__":
    main()
