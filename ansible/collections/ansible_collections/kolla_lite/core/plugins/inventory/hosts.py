"""Ansible's view of kolla_lite.inventory."""

from __future__ import annotations

DOCUMENTATION = """
name: hosts
author: The kolla-lite authors
short_description: The hosts and groups of a kolla-lite cloud
description:
  - Reads C(hosts.yml), known by its name and its key C(hosts), and C(globals.yml) beside it.
  - Makes a group for each role, zone, service and container.
  - A service that is off has empty groups, so playbooks need no conditions.
  - Variables of hosts are data; what looks like a template in them is never evaluated.
  - C(kolla-lite inventory --explain NAME) tells why a host is in a group or not.
requirements:
  - kolla-lite in the Python environment of Ansible
options: {}
"""

EXAMPLES = """
# hosts.yml
hosts:
  ctl[1:3]:
    address: 10.0.0.[11:13]
    roles: [control, network]
  cmp[01:20]:
    address: 10.0.1.[1:20]
    roles: [compute]
    zone: rack-1
    ssh: {user: admin, key: ~/.ssh/cloud}
"""

import re
from contextlib import suppress
from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import trust_as_template

from kolla_lite.cloud import cached_cloud
from kolla_lite.deploy.desired import desired_service
from kolla_lite.errors import UserError
from kolla_lite.inventory.export import CONFIG_VARIABLE, host_variables, map_data
from kolla_lite.inventory.load import load_inventory

_HOSTS_KEY = re.compile(r"""^["']?hosts["']?\s*:""", re.MULTILINE)


def _read(directory):
    """The whole cloud once it has secrets: workers, forks of this process, then find it read. Else the inventory."""
    if not (directory / "passwords.yml").exists():
        return load_inventory(directory)
    cloud = cached_cloud(directory)
    if len(cloud.hosts) > 1:
        _compile_templates(cloud)
    return cloud


def _compile_templates(cloud):
    """Render each container once, so that not every host's worker compiles the templates anew."""
    for service in cloud.services.values():
        for container in service.containers:
            # Who renders it for a host tells what is wrong.
            with suppress(UserError):
                desired_service(cloud, service, cloud.first(container.name), [container])


class InventoryModule(BaseInventoryPlugin):
    """Adds hosts and groups as kolla-lite places them."""

    NAME = "kolla_lite.core.hosts"

    def verify_file(self, path):
        """Whether this is a hosts.yml of kolla-lite; one that is not valid YAML is still ours to refuse."""
        if not super().verify_file(path) or Path(path).name != "hosts.yml":
            return False
        text = Path(path).read_text(encoding="utf-8", errors="replace")
        return _HOSTS_KEY.search(text) is not None

    def parse(self, inventory, loader, path, cache=True):
        """Fill `inventory`. AnsibleParserError with file, line and remedy for what an operator can mend."""
        super().parse(inventory, loader, path, cache)
        try:
            found = _read(Path(path).parent)
        except UserError as error:
            raise AnsibleParserError(str(error)) from None
        self._set_variables("all", {CONFIG_VARIABLE: str(found.directory)})
        for name, host in found.hosts.items():
            inventory.add_host(name)
            self._set_variables(name, host_variables(host))
        for group, members in found.placement.groups.items():
            inventory.add_group(group)
            for name in members:
                inventory.add_child(group, name)

    def _set_variables(self, entity, variables):
        # What is not marked as trusted is data to Ansible. Plain words are marked only so that they are listed as such.
        for variable, value in map_data(variables, trust_as_template, plain=True).items():
            self.inventory.set_variable(entity, variable, value)
