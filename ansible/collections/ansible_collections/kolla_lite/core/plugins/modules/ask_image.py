#!/usr/bin/python
"""Module ask_image."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ask_image
short_description: Run a program in a one-shot container of an image and return what it prints
description:
  - The container has no network, capabilities, volumes or writable files, and is gone afterwards. Changes nothing,
    but without O(wanted) an image that the host lacks is fetched.
options:
  image:
    description: Reference of the image.
    type: str
    required: true
  wanted:
    description: The id that the image must have; a host that does not have that one gives no output.
    type: str
  command:
    description: Program and arguments, instead of what the image would run.
    type: list
    elements: str
    required: true
  input:
    description: What the program reads from standard input.
    type: str
    default: ""
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.ask_image:
    image: kolla-lite/keystone:2026.1
    command: [keystone-manage, --version]
"""

RETURN = r"""
output:
  description: What the program printed to standard output; none when the host does not have the wanted image.
  type: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import containers, one_shot


def main():
    module = AnsibleModule(
        argument_spec={
            "image": {"type": "str", "required": True},
            "wanted": {"type": "str"},
            "command": {"type": "list", "elements": "str", "required": True},
            "input": {"type": "str", "default": "", "no_log": True},
        },
        supports_check_mode=True,
    )
    image, wanted, output = module.params["image"], module.params["wanted"], None
    try:
        client = containers.connect(timeout=one_shot.SECONDS)
        if wanted is None:
            containers.have_image(client, image)
        if wanted is None or containers.image_id(client, image) == wanted:
            output = one_shot.ask(client, image, module.params["command"], module.params["input"])
    except (containers.ContainerError, one_shot.OneShotError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, output=output)


if __name__ == "__main__":
    main()
