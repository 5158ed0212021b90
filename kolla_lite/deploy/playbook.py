"""ansible/site.yml: the list of services in start order, one short play each. Pure; `render` makes the file.

Role `plan` puts hosts with steps in the group `changing`, and for each service with steps in `changing_<service>`. Plays
take only those: Ansible starts a process for every task of every host, even if all that it does is to skip the task.
"""

from __future__ import annotations

from collections.abc import Mapping

from kolla_lite.deploy.resources import RESOURCES
from kolla_lite.service.declaration import Service

_HEAD = """\
---
# Made from the declarations by `kolla-lite site`; a test holds it against them.
- name: Compare every host with what it should hold
  hosts: all
  roles: [plan]
  tags: always
"""
_SERVICE = """
- name: {title}
  hosts: {name}:&changing_{name}
{serial}  roles: [{name}]
  tags: {name}
"""
_RESOURCES = """
- name: {title} for all services
  hosts: {tools}:&changing_{provider}
  tasks:
    - name: {title}
      kolla_lite.core.service_resources:
        service: {provider}
  tags: always
"""
_IMAGES = """
- name: Images for all services
  hosts: {provider}:&changing_{provider}
  tasks:
    - name: Images
      kolla_lite.core.service_images:
        service: {provider}
  tags: always
"""
_TAIL = """
- name: What is left of services that have gone elsewhere
  hosts: changing
  tasks:
    - name: Leftovers
      kolla_lite.core.service_leftovers:
  tags: always
"""


def render(services: Mapping[str, Service]) -> str:
    """The playbook for services in start order. What one provides is reconciled as soon as the tools run too."""
    plays = [_HEAD]
    waiting: list[Service] = []
    tools = None
    for service in services.values():
        # Replicas behind the load balancer change one after the other, so that some always answer.
        serial = "  serial: 1\n" if service.endpoints else ""
        plays.append(_SERVICE.format(title=_title(service.name), name=service.name, serial=serial))
        if service.provides == "images":
            plays.append(_IMAGES.format(provider=service.name))
        if service.provides == "tools":
            tools = service.name
        if service.provides in RESOURCES:
            waiting.append(service)
        if tools:
            plays += [
                _RESOURCES.format(title=_title(one.provides or ""), tools=tools, provider=one.name) for one in waiting
            ]
            waiting = []
    return "".join([*plays, _TAIL])


def _title(name: str) -> str:
    """A name as plays and tasks are called: with a capital letter."""
    return name[:1].upper() + name[1:]
