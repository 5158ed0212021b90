"""kolla-lite logs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples


@click.command(
    "logs",
    short_help="What a service printed.",
    epilog=examples(
        "kolla-lite logs keystone",
        "kolla-lite logs keystone --host ctl2 --follow",
        "kolla-lite logs mariadb --tail 50",
        "kolla-lite logs nova_compute --tail all | grep ERROR",
    ),
)
@click.argument("service")
@click.option("--host", "host_name", metavar="HOST", help="On this host; the first of the service by default.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what it prints from now.")
@click.option(
    "-n", "--tail", default="200", show_default=True, metavar="LINES", help="Start so many lines back, or `all`."
)
@config_option
def command(service: str, host_name: str | None, follow: bool, tail: str, directory: Path) -> None:
    """Show what a service's container printed. SERVICE is a service or a container."""
    from kolla_lite.cloud import load_cloud
    from kolla_lite.deploy.access import become, find_container, on_host

    host, container = find_container(load_cloud(directory), service, host_name)
    follows = ["--follow"] if follow else []
    os.dup2(1, 2)  # a pipe gets all of it: services print to either stream as they please
    become(on_host(host, ["docker", "logs", "--tail", tail, *follows, container]))
