"""The inventory in Ansible's own forms: variables of hosts, YAML, JSON and tree."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from kolla_lite.inventory.hosts import Host
from kolla_lite.inventory.load import Inventory

CONFIG_VARIABLE = "kolla_lite_config"
"""The variable, on all hosts, that tells Ansible's plugins the folder of operator's files."""

_PLAIN = re.compile(r"[\w ./:@,+~-]*")
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def host_variables(host: Host) -> dict[str, Any]:
    """What Ansible has to know about a host, by variable."""
    ssh = host.ssh
    known = {
        "ansible_host": host.ssh_address or host.address,
        "ansible_connection": host.connection,
        "ansible_port": ssh.port,
        "ansible_user": ssh.user,
        "ansible_ssh_private_key_file": ssh.key,
        "ansible_ssh_common_args": " ".join(
            f"-o {shlex.quote(f'{key}={value}')}" for key, value in ssh.options.items()
        ),
        "ansible_become": host.needs_sudo,
        # Modules on the controller find the same libraries as kolla-lite itself.
        "ansible_python_interpreter": sys.executable if host.connection == "local" else None,
    }
    return {**host.vars, **{name: value for name, value in known.items() if value}}


def map_data(value: Any, change: Callable[[str], Any], plain: bool = False) -> Any:
    """`value` with each string changed that might mean something to a template; with `plain`, each of the others.

    A plain string holds no character that could begin a template, whatever delimiters one sets, so every form of the
    inventory tells Ansible the same: plain strings as they are, all others as data.
    """
    if isinstance(value, str):
        return change(value) if bool(_PLAIN.fullmatch(value)) is plain else value
    if isinstance(value, Mapping):
        return {key: map_data(child, change, plain) for key, child in value.items()}
    return [map_data(child, change, plain) for child in value] if isinstance(value, list) else value


class _Data(str):
    """A string that Ansible must not take for a template."""


class _DataDumper(_Dumper):  # type: ignore[misc]
    """Writes `_Data` with Ansible's tag for it, and repeats values rather than refer to them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_DataDumper.add_representer(_Data, lambda dumper, data: dumper.represent_scalar("!unsafe", str(data)))


def as_yaml(inventory: Inventory) -> str:
    """A YAML inventory that Ansible reads without kolla-lite."""
    document = {
        "all": {
            "vars": {CONFIG_VARIABLE: str(inventory.directory)},
            "hosts": {name: host_variables(host) for name, host in inventory.hosts.items()},
            "children": {
                name: {"hosts": dict.fromkeys(hosts)} if hosts else {}
                for name, hosts in inventory.placement.groups.items()
            },
        }
    }
    text: str = yaml.dump(map_data(document, _Data), Dumper=_DataDumper, sort_keys=False, allow_unicode=True)
    return text


def as_list(inventory: Inventory) -> dict[str, Any]:
    """What `ansible-inventory --list` prints: groups that have hosts, and all variables of each host."""
    groups = _all_groups(inventory)
    return {
        "_meta": {"hostvars": {name: listed_variables(inventory, host) for name, host in inventory.hosts.items()}},
        "all": {"children": list(groups)},
        **{name: {"hosts": list(hosts)} for name, hosts in groups.items() if hosts},
    }


def listed_variables(inventory: Inventory, host: Host) -> dict[str, Any]:
    """What `ansible-inventory --host` prints."""
    variables = {CONFIG_VARIABLE: str(inventory.directory), **host_variables(host)}
    listed: dict[str, Any] = map_data(variables, lambda text: {"__ansible_unsafe": text})
    return listed


def as_tree(inventory: Inventory) -> str:
    """What `ansible-inventory --graph` prints: all groups, also empty ones, with their hosts."""
    lines = ["@all:"]
    for name, hosts in _all_groups(inventory).items():
        lines += [f"  |--@{name}:", *(f"  |  |--{host}" for host in hosts)]
    return "\n".join(lines)


def _all_groups(inventory: Inventory) -> dict[str, Sequence[str]]:
    """All groups in Ansible's order: first the one of hosts that are in no other."""
    groups = inventory.placement.groups
    grouped = {host for hosts in groups.values() for host in hosts}
    return {"ungrouped": [name for name in inventory.hosts if name not in grouped], **groups}
