"""ansible/site.yml: all services in start order, a play for those that do not need one another. Pure; `render` makes the file.

Role `plan` puts hosts with steps in the group `changing`, for each service with steps in `changing_<service>`, and in
`together_<first service of its play>`. Plays take only those: Ansible starts a process for every task of every host, even
if all that it does is to skip the task.
"""

from __future__ import annotations

from collections.abc import Mapping

from kolla_lite.deploy.resources import RESOURCES
from kolla_lite.service.declaration import Service
from kolla_lite.service.registry import start_levels

_BETWEEN = ", "
_HEAD = """\
---
# Made from the declarations by `kolla-lite site`; a test holds it against them.
- name: Compare every host with what it should hold
  hosts: all
  roles: [plan]
  tags: always
"""
_SERVICES = """
- name: {title}
  hosts: all:&together_{first}
{serial}  roles: [{{role: service, service_names: [{names}]}}]
  tags: [{names}]
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
        services: [{provider}]
  tags: always

- name: Images that are needed later
  hosts: changing
  tasks:
    - name: Images ahead
      kolla_lite.core.images_ahead:
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
    """The playbook for services. What one provides is reconciled as soon as the tools run too."""
    plays = [_HEAD]
    waiting: list[Service] = []
    tools = None
    for together in groups(services):
        plays.append(_play(together))
        for service in together:
            if service.provides == "images":
                plays.append(_IMAGES.format(provider=service.name))
            if service.provides == "tools":
                tools = service.name
            if service.provides in RESOURCES:
                waiting.append(service)
        if tools:
            plays += [
                _RESOURCES.format(title=title(one.provides or ""), tools=tools, provider=one.name) for one in waiting
            ]
            waiting = []
    return "".join([*plays, _TAIL])


def groups(services: Mapping[str, Service]) -> list[list[Service]]:
    """Services in start order, those together that change side by side: they need nothing of one another, and are all
    behind the load balancer or none is. What serves images is alone, for all others need it."""
    found: list[list[Service]] = []
    for level in start_levels(services):
        level_groups: dict[tuple[bool, bool], list[Service]] = {}
        for service in (services[name] for name in level):
            kind = (service.provides == "images", bool(service.endpoints))
            level_groups.setdefault(kind, []).append(service)
        found += [level_groups[kind] for kind in sorted(level_groups, key=lambda kind: (not kind[0], kind[1]))]
    return found


def services_of(play: str) -> list[str]:
    """The services that a play of this name is about, as `render` calls plays; for others, the name in small letters."""
    return play.lower().split(_BETWEEN)


def _play(together: list[Service]) -> str:
    names = [service.name for service in together]
    # Replicas behind the load balancer change one after the other, so that some always answer.
    serial = "  serial: 1\n" if any(service.endpoints for service in together) else ""
    # `all` has hosts in the order of hosts.yml, which jobs that go before containers count on.
    return _SERVICES.format(
        title=_BETWEEN.join(map(title, names)), first=names[0], serial=serial, names=", ".join(names)
    )


def together_with(services: Mapping[str, Service]) -> dict[str, str]:
    """For each service, the first one of its play."""
    return {service.name: together[0].name for together in groups(services) for service in together}


def title(name: str) -> str:
    """A name as plays and tasks are called: with a capital letter."""
    return name[:1].upper() + name[1:]
