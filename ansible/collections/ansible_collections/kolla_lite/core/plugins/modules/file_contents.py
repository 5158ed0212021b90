#!/usr/bin/python
"""Module file_contents."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_contents
short_description: What configuration files of containers hold, in one call
description:
  - For the differences that a plan shows. The result holds secrets, so callers keep it out of every log.
options:
  names:
    description: Paths of files, or of folders for every file below them; what is not there is left out of the result.
    type: list
    elements: path
    required: true
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.file_contents:
    names: [/etc/kolla/haproxy/haproxy.cfg]
  no_log: true
"""

RETURN = r"""
contents:
  description: The content of each file in base64, by path.
  type: dict
  returned: always
"""

import base64
import os

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(
        argument_spec={"names": {"type": "list", "elements": "path", "required": True}}, supports_check_mode=True
    )
    names = [name for name in module.params["names"] if os.path.isfile(name)]
    for folder in module.params["names"]:
        names += [os.path.join(parent, name) for parent, _folders, files in os.walk(folder) for name in files]
    contents = {}
    for name in names:
        with open(name, "rb") as stream:
            contents[name] = base64.b64encode(stream.read()).decode()
    module.exit_json(changed=False, contents=contents)


if __name__ == "__main__":
    main()
