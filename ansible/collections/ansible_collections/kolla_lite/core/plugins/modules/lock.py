#!/usr/bin/python
"""Module lock."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lock
short_description: Take, let go of, or look at the lock of a host
description:
  - The lock says which run of kolla-lite may change things on this host.
options:
  state:
    description: C(taken) for I(holder), C(released) if one of I(runs) holds it, or just C(shown).
    type: str
    choices: [taken, released, shown]
    required: true
  holder:
    description: Who takes it, with at least C(run), the id of the run, and C(cloud), the mark of its cloud.
    type: dict
  instead_of:
    description: Id of a run that is over, whose lock is replaced.
    type: str
  runs:
    description: Ids of the runs whose lock is let go of.
    type: list
    elements: str
    default: []
author: [kolla-lite]
"""

EXAMPLES = r"""
- kolla_lite.core.lock:
    state: shown
"""

RETURN = r"""
held:
  description:
    - Who holds it and so refuses it, or is shown; null when nobody does, or when it is taken now.
    - Only the C(cloud) that the host belongs to, when it is another.
  type: dict
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import lock


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["taken", "released", "shown"]},
            "holder": {"type": "dict"},
            "instead_of": {"type": "str"},
            "runs": {"type": "list", "elements": "str", "default": []},
        },
        required_if=[("state", "taken", ["holder"])],
        supports_check_mode=True,
    )
    state, held = module.params["state"], None
    if module.check_mode or state == "shown":
        held = lock.read()
    elif state == "taken":
        held = lock.take(module.params["holder"], module.params["instead_of"])
    else:
        lock.release(module.params["runs"])
    # A lock is no change of the host: what a run changed is what it says itself.
    module.exit_json(changed=False, held=held)


if __name__ == "__main__":
    main()
