"""Reaching a running cloud: its clouds.yaml, and commands in its containers."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from kolla_lite.cloud import Cloud
from kolla_lite.config.render import render_text
from kolla_lite.config.secrets import write_private
from kolla_lite.errors import UserError
from kolla_lite.inventory.hosts import Host
from kolla_lite.service.declaration import Service
from kolla_lite.source import nearest, read_text

CLOUD_NAME = "kolla-lite"
"""The cloud's name in clouds.yaml, for OS_CLOUD."""


def toolbox(cloud: Cloud) -> tuple[Service, Host]:
    """The service with the clients, and the host where it runs. UserError when it is off."""
    tools = cloud.provider("tools")
    if tools is None:
        raise UserError("no service provides clients", hint="switch toolbox on in globals.yml")
    return tools, cloud.group(tools.name)[0]


def write_clouds_yaml(cloud: Cloud) -> Path:
    """Write DIR/clouds.yaml, mode 0600, for openstack clients; the same file as in the toolbox. Returns its path."""
    tools, host = toolbox(cloud)
    template = cloud.roles / tools.name / "templates" / "clouds.yaml.j2"
    context = cloud.context(tools, tools.containers[0], host)
    path = cloud.directory / "clouds.yaml"
    write_private(path, render_text(read_text(template), str(template), context))
    return path


def find_container(cloud: Cloud, name: str, host_name: str | None) -> tuple[Host, str]:
    """The host and container that a command means: NAME is a service or a container, on its first host unless told.

    Raises UserError when there is no such thing, or not on that host.
    """
    containers = {c.name: c.name for service in cloud.services.values() for c in service.containers}
    known = containers | {service.name: service.containers[0].name for service in cloud.services.values()}
    if name not in known:
        raise UserError(f"there is no service or container {name!r}", hint=nearest(name, known, "there are"))
    hosts = {host.name: host for host in cloud.group(known[name])}
    if host_name is not None and host_name not in hosts:
        raise UserError(f"{known[name]} does not run on {host_name}", hint=nearest(host_name, hosts, "its hosts"))
    return (hosts[host_name] if host_name else next(iter(hosts.values()))), known[name]


def on_host(host: Host, command: Sequence[str], terminal: bool = False) -> list[str]:
    """The command line that runs `command` on a host, as root: as it is here, through ssh elsewhere."""
    command = ["sudo", *command] if host.needs_sudo else list(command)
    if host.connection == "local":
        return command
    ssh = host.ssh
    settings = {"Port": ssh.port, "User": ssh.user, "IdentityFile": ssh.key, **ssh.options}
    options = [part for key, value in settings.items() if value for part in ("-o", f"{key}={value}")]
    return ["ssh", *(["-t"] if terminal else []), *options, host.ssh_address or host.address, shlex.join(command)]


def become(command: Sequence[str]) -> None:
    """Replace this process by a command. UserError when it is not installed."""
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - no shell is wanted
    except FileNotFoundError:
        raise UserError(f"{command[0]} is not installed", hint=f"install {command[0]}") from None
