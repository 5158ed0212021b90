#!/usr/bin/python
"""Module resources."""

from __future__ import annotations

DOCUMENTATION = r"""
module: resources
short_description: Reconcile databases, queue users and the catalogue of all services, in one call
description:
  - Runs the reconciler of the toolbox image in the toolbox container of the host.
options:
  wanted:
    description: The desired state, as JSON.
    type: str
    required: true
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.resources:
    wanted: "{}"
"""

RETURN = r"""
differences:
  description: What was mended, with causes.
  type: list
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import busy, containers, resources


def main():
    module = AnsibleModule(
        argument_spec={"wanted": {"type": "str", "required": True, "no_log": True}}, supports_check_mode=True
    )
    try:
        with busy.changing():
            result = resources.reconcile(containers.connect(), module.params["wanted"], check=module.check_mode)
    except containers.ContainerError as error:
        module.fail_json(msg=str(error))
    if result["errors"]:
        module.fail_json(msg="; ".join("{part}: {message}".format(**error) for error in result["errors"]))
    module.exit_json(changed=bool(result["differences"]), differences=result["differences"])


if __name__ == "__main__":
    main()
