"""kolla-lite verify."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, json_option, output, print_json, print_step
from kolla_lite.errors import EXIT_DONE, EXIT_FAILED


@click.command(
    "verify",
    short_help="Try the cloud as a user would: a server boots, is reached, keeps a volume.",
    epilog=examples("kolla-lite verify", "kolla-lite verify --json"),
)
@config_option
@json_option
def command(directory: Path, as_json: bool) -> int:
    """Boot a small server, reach it from outside, have it keep a volume; what the cloud does not have is skipped.

    All that it makes it removes again, also when a step fails or it is interrupted. Exit code 0: all went well. 1: a
    step failed.
    """
    from kolla_lite.deploy.operations import load_checked
    from kolla_lite.deploy.steps import well
    from kolla_lite.deploy.verify import verify

    console = output()
    steps = verify(load_checked(directory), lambda event: None if as_json else print_step(console, event))
    if as_json:
        print_json({"steps": steps, "well": well(steps)})
    return EXIT_DONE if well(steps) else EXIT_FAILED
