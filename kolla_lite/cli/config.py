"""kolla-lite config: what services are configured with, where that comes from, and whether it is right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kolla_lite.cli.common import config_option, examples, json_option, print_json, selection_options, verbose_option
from kolla_lite.errors import EXIT_CHANGES_PENDING, EXIT_DONE, UserError, raise_all

if TYPE_CHECKING:
    from kolla_lite.cloud import Cloud
    from kolla_lite.config.render import RenderedFile
    from kolla_lite.inventory.hosts import Host
    from kolla_lite.service.declaration import ConfigFile, Container


@click.group(
    "config",
    short_help="Show, compare and check what services are configured with.",
    epilog=examples(
        "kolla-lite config show keystone    every value, and the file and line that it comes from",
        "kolla-lite config diff keystone    how that differs from what the hosts hold",
        "kolla-lite config check            whether the services know the options that they are given",
    ),
)
def command() -> None:
    """What the templates and your overrides make of a service's configuration files."""


@command.command(
    "show",
    short_help="Every value, and the file and line that decided it.",
    epilog=examples(
        "kolla-lite config show keystone",
        "kolla-lite config show keystone --host ctl2 --file keystone.conf",
        "kolla-lite config show keystone --json | jq '.files[].options'",
    ),
)
@click.argument("service")
@click.option("--host", "host_name", metavar="NAME", help="What this host gets; the service's first host by default.")
@click.option("--container", metavar="NAME", help="Only this container's files.")
@click.option("--file", "file_name", metavar="NAME", help="Only the files of this name.")
@click.option("--secrets", "revealed", is_flag=True, help="Show secrets too; only on a terminal.")
@config_option
@json_option
def show(
    *,
    service: str,
    host_name: str | None,
    container: str | None,
    file_name: str | None,
    revealed: bool,
    directory: Path,
    as_json: bool,
) -> None:
    """Print a service's configuration files as deploy would write them, each value with the place that decided it.

    Touches no host. Secrets are masked.
    """
    from kolla_lite.config.insight import as_data
    from kolla_lite.deploy.operations import load_checked

    if revealed and not sys.stdout.isatty():
        raise UserError("secrets are shown only on a terminal", hint="leave --secrets out, or redirect nothing")
    cloud = load_checked(directory, [service])
    secrets = None if revealed else cloud.secrets.all_values()
    host = _host(cloud, service, host_name)
    found = list(_files(cloud, service, host, container, file_name))
    if as_json:
        about = [
            {"container": c.name, "file": d.name, "destination": d.dest, **as_data(r, secrets)} for c, d, r in found
        ]
        print_json({"service": service, "host": host.name, "files": about})
        return
    for number, (owner, declared, rendered) in enumerate(found):
        if number:
            click.echo()
        _print(owner, declared, rendered, secrets, cloud)


@command.command(
    "diff",
    short_help="What hosts hold against what deploy would write.",
    epilog=examples("kolla-lite config diff", "kolla-lite config diff keystone --limit ctl2 --json"),
)
@selection_options
@config_option
@json_option
@verbose_option
def diff(services: tuple[str, ...], limit: str | None, directory: Path, as_json: bool, verbose: int) -> int:
    """Compare the configuration files that hosts hold with what deploy would write, line by line, secrets masked.

    Exit code 0: they are the same. 3: they differ.
    """
    from kolla_lite.deploy.operations import config_differences

    found = config_differences(directory, services, limit, verbose=verbose)
    if as_json:
        print_json({"differences": found})
    host = ""
    for entry in [] if as_json else found:
        if host != entry["host"]:
            host = entry["host"]
            click.echo(click.style(host, bold=True))
        for line in entry["diff"].splitlines():
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
            click.echo(click.style(line, fg=colour) if colour else line)
    return EXIT_CHANGES_PENDING if found else EXIT_DONE


@command.command(
    "check",
    short_help="Whether services know the options that they are given.",
    epilog=examples("kolla-lite config check", "kolla-lite config check keystone --json"),
)
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@config_option
@json_option
def check(services: tuple[str, ...], directory: Path, as_json: bool) -> None:
    """Ask services, in the images built on this machine, whether they know the options that they are given.

    deploy asks the same before it writes a file. Touches no host. Exit code 2 when there is a mistake, with the
    override's file and line; what is only deprecated is a warning.
    """
    from kolla_lite.deploy.operations import load_checked
    from kolla_lite.deploy.options import check_here

    verdict = check_here(load_checked(directory, services, whole=True), services)
    for warning in [] if as_json else verdict.warnings:
        click.echo(f"{click.style('warning: ', fg='yellow')}{warning}", err=True)
    raise_all(verdict.errors)
    if as_json:
        print_json({"warnings": [entry for warning in verdict.warnings for entry in warning.as_dicts()], "errors": []})
    else:
        click.echo("✓ every service knows its options")


def _host(cloud: Cloud, service: str, name: str | None) -> Host:
    from kolla_lite.deploy.access import find_container

    return find_container(cloud, service, name)[0]


def _files(
    cloud: Cloud, service: str, host: Host, container: str | None, file_name: str | None
) -> Iterator[tuple[Container, ConfigFile, RenderedFile]]:
    """The service's files on a host. UserError when it has no such container or file."""
    from kolla_lite.deploy.desired import rendered_file
    from kolla_lite.source import nearest

    declared = cloud.services[service]
    here = cloud.services_on(host.name)[service]
    if container and container not in (found.name for found in here):
        hint = nearest(container, (found.name for found in here), "containers")
        raise UserError(f"{service} has no container {container!r} on {host.name}", hint=hint)
    names = [file.name for file in declared.config if not file.keyring]
    if file_name and file_name not in names:
        raise UserError(f"{service} has no configuration file {file_name!r}", hint=nearest(file_name, names, "files"))
    for owner in here:
        for file in declared.files_of(owner) if container in (None, owner.name) else []:
            if file.keyring or file_name not in (None, file.name):
                continue
            rendered = rendered_file(cloud, declared, owner, file, host)
            if rendered:
                yield owner, file, rendered


def _print(
    owner: Container, declared: ConfigFile, rendered: RenderedFile, secrets: list[str] | None, cloud: Cloud
) -> None:
    from kolla_lite.config.insight import as_text, place
    from kolla_lite.errors import Location

    source = f", from {place(Location(rendered.source), cloud.directory)}" if rendered.source else ""
    click.echo(click.style(f"{declared.name} of {owner.name}{source}", bold=True))
    for text, origin in as_text(rendered, secrets, cloud.directory):
        click.echo(f"{text}  {click.style(f'<- {origin}', dim=True)}" if origin else text)
