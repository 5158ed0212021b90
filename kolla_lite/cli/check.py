"""kolla-lite check."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import (
    config_option,
    examples,
    json_option,
    output,
    print_json,
    selection_options,
    verbose_option,
)
from kolla_lite.errors import EXIT_DONE, EXIT_FAILED


@click.command(
    "check",
    short_help="Health of every container and endpoint.",
    epilog=examples("kolla-lite check", "kolla-lite check keystone --json"),
)
@selection_options
@config_option
@json_option
@verbose_option
def command(services: tuple[str, ...], limit: str | None, directory: Path, as_json: bool, verbose: int) -> int:
    """Ask every container and every endpoint how it is, now. Exit code 0: all are well. 1: some are not."""
    from kolla_lite.deploy.operations import check
    from kolla_lite.deploy.report import health_of, health_table, is_well

    health = health_of(check(directory, services, limit, verbose=verbose))
    if as_json:
        print_json({"health": health, "well": all(map(is_well, health))})
    else:
        output().print(health_table(health))
    return EXIT_DONE if all(map(is_well, health)) else EXIT_FAILED
