"""`kolla-lite inventory`: which host runs what, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kolla_lite.cli.common import config_option, examples, json_option, print_json
from kolla_lite.errors import Location, UserError

if TYPE_CHECKING:
    from kolla_lite.inventory.explain import Explanation
    from kolla_lite.inventory.load import Inventory


@click.command(
    short_help="Which host runs what, and why.",
    epilog=examples(
        "kolla-lite inventory                     what runs on which host",
        "kolla-lite inventory --explain keystone  why each host runs it or not",
        "kolla-lite inventory --export cloud.yaml an inventory for plain Ansible",
        "kolla-lite inventory --json | jq .keystone.hosts",
    ),
)
@click.option("--graph", is_flag=True, help="Draw groups and their hosts as a tree.")
@click.option("--explain", "explained", metavar="NAME", help="Why each host is in the group of a service or container.")
@click.option("--host", "host_name", metavar="NAME", help="The variables that Ansible gets for one host, as JSON.")
@click.option("--export", "export_path", metavar="FILE", help="Write a YAML inventory for plain Ansible; - prints it.")
@json_option
@config_option
def command(
    *,
    directory: Path,
    graph: bool,
    explained: str | None,
    host_name: str | None,
    export_path: str | None,
    as_json: bool,
) -> None:
    """Show hosts and groups as hosts.yml and globals.yml make them; nothing is touched.

    Without options a table of hosts and what they run; with --json what `ansible-inventory --list` prints.
    """
    if sum((graph, explained is not None, host_name is not None, export_path is not None)) > 1:
        raise UserError("--graph, --explain, --host and --export exclude one another", hint="give one of them")

    from kolla_lite.inventory import export
    from kolla_lite.inventory.explain import explain
    from kolla_lite.inventory.load import load_inventory

    inventory = load_inventory(directory)
    if explained is not None:
        _show_explanations(explain(inventory, explained), as_json)
    elif host_name is not None:
        print_json(export.listed_variables(inventory, inventory.host(host_name)))
    elif export_path is not None:
        _write(export.as_yaml(inventory), export_path)
    elif as_json:
        print_json(export.as_list(inventory))
    elif graph:
        click.echo(export.as_tree(inventory))
    else:
        _show_table(inventory)


def _write(text: str, path: str) -> None:
    if path == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", Location(path), "give another file") from None


def _show_explanations(explanations: list[Explanation], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "group": explanation.group,
                    "what": explanation.what,
                    "hosts": [{"host": v.host, "in": v.member, "why": v.why} for v in explanation.verdicts],
                }
                for explanation in explanations
            ]
        )
        return
    width = max(len(verdict.host) for verdict in explanations[0].verdicts)
    for number, explanation in enumerate(explanations):
        click.echo(("\n" if number else "") + click.style(explanation.group, bold=True) + f"  {explanation.what}")
        for verdict in explanation.verdicts:
            mark = click.style("in ", fg="green") if verdict.member else click.style("out", fg="yellow")
            click.echo(f"  {verdict.host:<{width}}  {mark}  {verdict.why}")


def _show_table(inventory: Inventory) -> None:
    from kolla_lite.inventory.explain import services_by_host, services_off

    rows = [("host", "address", "zone", "roles", "services")]
    for name, services in services_by_host(inventory).items():
        host = inventory.hosts[name]
        rows.append((name, host.address, host.zone or "-", ", ".join(host.roles) or "-", ", ".join(services) or "-"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(line if number else click.style(line, bold=True))
    notes = [*services_off(inventory).values(), *inventory.placement.notes]
    if notes:
        click.echo("\n" + "\n".join(notes))
