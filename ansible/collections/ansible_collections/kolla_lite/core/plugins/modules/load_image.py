#!/usr/bin/python
"""Module load_image."""

from __future__ import annotations

DOCUMENTATION = r"""
module: load_image
short_description: Load an image archive into the host's engine
description:
  - As C(docker load).
options:
  path:
    description: The archive, on the host.
    type: path
    required: true
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.load_image:
    path: /tmp/image.tar
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import busy, containers


def main():
    module = AnsibleModule(argument_spec={"path": {"type": "path", "required": True}})
    try:
        with open(module.params["path"], "rb") as stream, busy.changing():
            containers.connect(timeout=600).load_image(stream)
    except (containers.ContainerError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
