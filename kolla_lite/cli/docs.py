"""kolla-lite docs: what each file of an operator takes, from the schemas that check it; and what each service is."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import examples
from kolla_lite.config.layers import places
from kolla_lite.config.reference import Entry, as_example, as_markdown, as_text, entries
from kolla_lite.config.secrets import declared
from kolla_lite.config.settings import Globals
from kolla_lite.errors import UserError
from kolla_lite.inventory.hosts import HostsFile
from kolla_lite.service.declaration import Service
from kolla_lite.service.registry import load_services
from kolla_lite.source import Model, nearest

_MODELS: dict[str, tuple[str, type[Model]]] = {
    "globals": ("globals.yml: what a cloud is as a whole", Globals),
    "hosts": ("hosts.yml: the machines of a cloud", HostsFile),
    "service": ("service.yml: the declaration of a service", Service),
}
_TITLES = {
    "passwords": "passwords.yml: the secrets of a cloud",
    "overrides": "config/: files that override configuration, weakest first for each file",
    "build": "Options of `kolla-lite build`",
}
_SERVICES = "services"


def _passwords() -> list[Entry]:
    return [Entry(name, secret.kind, "", secret.description) for name, secret in declared(load_services()).items()]


def _overrides() -> list[Entry]:
    found = [
        Entry(place, "ini, merged" if file.format == "ini" else "text, replaced whole", "", what)
        for service in load_services().values()
        for container in service.containers
        for file in service.files_of(container)
        for place, what in places(service, container, file, "<host>").items()
    ]
    return list(dict.fromkeys(found))


def _build() -> list[Entry]:
    from kolla_lite.image.options import list_opts

    return [
        Entry(
            f"[{group or 'DEFAULT'}] {option.name}",
            str(option.type.type_name).removesuffix(" value"),
            "" if option.default in (None, []) else f"default {option.default}",
            option.help or "",
        )
        for group, options in list_opts()
        for option in options
    ]


def _print_services(name: str | None, markdown: bool) -> None:
    from kolla_lite import pages

    made = pages.pages(load_services())
    sections = made.get(name or pages.INDEX)
    if sections is None:
        known = set(made) - {pages.INDEX}
        raise UserError(f"there is no service {name!r}", hint=nearest(str(name), known, "services"))
    click.echo((pages.as_markdown if markdown else pages.as_text)(sections), nl=False)


def _write_services(folder: Path) -> None:
    from kolla_lite import pages

    folder.mkdir(parents=True, exist_ok=True)
    for name, sections in pages.pages(load_services()).items():
        (folder / f"{name}.md").write_text(pages.as_markdown(sections))


@click.command(
    short_help="Explain a file, key by key, or a service.",
    epilog=examples(
        "kolla-lite docs globals",
        "kolla-lite docs service --markdown > docs/reference/service.md",
        "kolla-lite docs globals --example > etc/kolla-lite/globals.yml",
        "kolla-lite docs services                 the services that there are",
        "kolla-lite docs services glance          one of them",
        "kolla-lite docs services --output docs/reference/services",
    ),
)
@click.argument("topic", type=click.Choice([*_MODELS, *_TITLES, _SERVICES]), metavar="TOPIC")
@click.argument("name", required=False)
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--example", is_flag=True, help="Print an example file instead, every key commented out.")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the page of every service and their index, as Markdown, into this folder.",
)
def command(topic: str, name: str | None, markdown: bool, example: bool, output: Path | None) -> None:
    """Explain a file, every key with its type, default and meaning; or a service, by all that its declaration says.

    TOPIC is globals, hosts, service, passwords, overrides or build; or services, of which NAME is one.
    """
    if topic == _SERVICES:
        if example or (name and output):
            raise click.UsageError("services takes a NAME or --output, and there is no example of them")
        _write_services(output) if output else _print_services(name, markdown)
        return
    if name or output:
        raise click.UsageError(f"NAME and --output go with {_SERVICES}")
    if topic in _MODELS:
        title, model = _MODELS[topic]
        if example:
            click.echo(f"# {title}.\n# `kolla-lite docs {topic}` explains, `kolla-lite validate` checks.")
            click.echo(as_example(model), nl=False)
            return
        found = entries(model)
    elif example:
        raise click.UsageError(f"there is no example of {topic}; take one of {', '.join(_MODELS)}")
    else:
        title, found = _TITLES[topic], {"passwords": _passwords, "overrides": _overrides, "build": _build}[topic]()
    click.echo((as_markdown if markdown else as_text)(title, found), nl=False)
