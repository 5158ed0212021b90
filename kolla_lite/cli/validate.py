"""kolla-lite validate: every operator file, on this machine alone."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, json_option, print_json
from kolla_lite.config.folder import FILES
from kolla_lite.config.layers import Layers
from kolla_lite.errors import UserError
from kolla_lite.validate import validate_images, validated_cloud


@click.command(
    short_help="Check all operator files, touching no host.",
    epilog=examples("kolla-lite validate", "kolla-lite validate --config ~/cloud --json"),
)
@config_option
@json_option
def command(directory: Path, as_json: bool) -> None:
    """Check all operator files: keys, hosts, placement, secrets, overrides, images, and every template for every host.

    Touches no host and needs no engine. Mistakes are reported together, with exit code 2.
    """
    try:
        cloud = validated_cloud(directory)
        validate_images(directory)
    except UserError as error:
        if not as_json:
            _print_marks(directory, {str(entry["file"]) for entry in error.as_dicts()})
        raise
    if as_json:
        names = {"services": list(cloud.services), "hosts": list(cloud.hosts)}
        print_json({"files": _operator_files(directory), **names, "errors": []})
        return
    _print_marks(directory, set())
    click.echo(f"✓ every template, for {_count(cloud.hosts, 'host')} and {_count(cloud.services, 'service')}")


def _operator_files(directory: Path) -> list[str]:
    """The files of a folder that kolla-lite reads, globals.yml and its like before overrides."""
    own = [directory / name for name in FILES]
    return [str(path) for path in own if path.is_file()] + [
        str(path) for path in Layers.find(directory / "config").paths
    ]


def _print_marks(directory: Path, wrong: set[str]) -> None:
    for name in dict.fromkeys([*_operator_files(directory), *sorted(wrong)]):
        shown = name.removeprefix(f"{directory}/")
        click.echo(click.style(f"✗ {shown}", fg="red") if name in wrong else f"✓ {shown}")


def _count(things: Sized, noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
