"""kolla-lite lock: resolve the Python distributions of a release and write its lock file."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import examples, json_option, print_json
from kolla_lite.config.settings import Globals
from kolla_lite.errors import EXIT_CHANGES_PENDING
from kolla_lite.image.lock import Lock, compare, parse_lock, resolve, wanted
from kolla_lite.image.release import load_release, lock_path
from kolla_lite.service.registry import load_services
from kolla_lite.source import read_text


@click.command(
    short_help="Resolve every Python distribution of a release into its lock file.",
    epilog=examples(
        "kolla-lite lock                                  # after a declaration asked for another distribution",
        "kolla-lite lock --check                          # exit code 3 when the file is out of date",
        "kolla-lite lock --check --compare upper-constraints.txt",
    ),
)
@click.option("--release", default=Globals().release, show_default=True, help="Which release.")
@click.option("--check", is_flag=True, help="Write nothing; say what would change.")
@click.option(
    "--compare",
    "constraints",
    type=click.Path(path_type=Path),
    help="List versions that differ from a constraints file.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Another place than beside the release's description.")
@json_option
def command(release: str, check: bool, constraints: Path | None, output: Path | None, as_json: bool) -> int:
    """Resolve every Python distribution that images ask for, once for the whole release, with hashes.

    The result is reproducible: uploads to PyPI after the release's `exclude_newer` date take no part.
    """
    description = load_release(release)
    path = output or lock_path(release)
    text = resolve(description, wanted(description, load_services().values()))
    new = parse_lock(text, str(path))
    old_text = read_text(path) if path.is_file() else ""
    changes = _changes(parse_lock(old_text, str(path)), new)
    differences = compare(new, read_text(constraints)) if constraints else []
    current = text == old_text
    if not check and not current:
        path.write_text(text, encoding="utf-8")
    if as_json:
        print_json(
            {
                "file": path,
                "current": current,
                "changes": changes,
                "differences": differences,
                "distributions": len(new),
            }
        )
    else:
        state = "is current" if current else "is out of date" if check else "written"
        click.echo("\n".join([*changes, *differences, f"{path}: {len(new)} distributions, {state}"]))
    return EXIT_CHANGES_PENDING if check and not current else 0


def _changes(old: Lock, new: Lock) -> list[str]:
    """What a new lock changes, one line for each distribution."""
    lines = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is None and after is not None:
            lines.append(f"+ {name} {after.version}")
        elif after is None and before is not None:
            lines.append(f"- {name} {before.version}")
        elif before and after and before.version != after.version:
            lines.append(f"~ {name} {before.version} → {after.version}")
    return lines
