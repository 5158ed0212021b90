#!/usr/bin/python
"""Module ask_images."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ask_images
short_description: Run a program in one-shot containers of images, side by side, and return what it prints
description:
  - A container has no network, capabilities, volumes or writable files, and is gone afterwards. Changes nothing, but an
    image without C(wanted) that the host lacks is fetched.
options:
  command:
    description: Program and arguments, instead of what an image would run.
    type: list
    elements: str
    required: true
  questions:
    description: One for each time that the program is run.
    type: list
    elements: dict
    required: true
    suboptions:
      image:
        description: Reference of the image.
        type: str
        required: true
      wanted:
        description: The id that the image must have; a host that does not have that one gives no output.
        type: str
      input:
        description: What the program reads from standard input.
        type: str
        default: ""
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.ask_images:
    command: [keystone-manage, --version]
    questions: [{image: "kolla-lite/keystone:2026.1"}]
"""

RETURN = r"""
outputs:
  description: What the program printed to standard output each time; null when the host does not have the wanted image.
  type: list
  returned: always
"""

import os
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import containers, one_shot


def answer(command, image, input, wanted=None):
    """What the program in one image prints."""
    client = containers.connect(timeout=one_shot.SECONDS)
    if wanted is None:
        containers.have_image(client, image)
    if wanted in (None, containers.image_id(client, image)):
        return one_shot.ask(client, image, command, input)
    return None


def main():
    module = AnsibleModule(
        argument_spec={
            "command": {"type": "list", "elements": "str", "required": True},
            "questions": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "image": {"type": "str", "required": True},
                    "wanted": {"type": "str"},
                    "input": {"type": "str", "default": "", "no_log": True},
                },
            },
        },
        supports_check_mode=True,
    )
    command, questions = module.params["command"], module.params["questions"]
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            outputs = list(pool.map(lambda question: answer(command, **question), questions))
    except (containers.ContainerError, one_shot.OneShotError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, outputs=outputs)


if __name__ == "__main__":
    main()
