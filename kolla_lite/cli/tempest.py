"""kolla-lite tempest."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kolla_lite.cli.common import config_option, examples, json_option, output, print_json, print_state, print_step
from kolla_lite.errors import EXIT_DONE, EXIT_FAILED

_TRACE_LINES = 25


@click.group(
    "tempest",
    short_help="OpenStack's integration tests on this cloud.",
    epilog=examples(
        "kolla-lite tempest run                       the smoke tests",
        "kolla-lite tempest run tempest.api.volume    all tests of volumes",
        "kolla-lite tempest init                      only what they need, and their configuration",
    ),
)
def command() -> None:
    """Tempest, from the toolbox, configured with what this cloud is found to have."""


@command.command(
    "init",
    short_help="Make what tests need, and write tempest.conf.",
    epilog=examples("kolla-lite tempest init", "kolla-lite tempest init --json"),
)
@config_option
@json_option
def init(directory: Path, as_json: bool) -> int:
    """Make the image, the flavors and the network to the outside that tests need where they are missing, and write
    tempest.conf in the toolbox from what the cloud is found to have. Run it again and it makes nothing more.

    Exit code 0: all is there. 1: a step failed.
    """
    from kolla_lite.deploy import tempest
    from kolla_lite.deploy.operations import load_checked
    from kolla_lite.deploy.steps import well

    console = output()
    steps = tempest.prepare(load_checked(directory), lambda event: None if as_json else print_step(console, event))
    if as_json:
        print_json({"steps": steps, "well": well(steps)})
    return EXIT_DONE if well(steps) else EXIT_FAILED


@command.command(
    "run",
    short_help="Run tests: the smoke tests, or those that REGEX finds.",
    epilog=examples(
        "kolla-lite tempest run",
        "kolla-lite tempest run --list                         which tests that would be",
        "kolla-lite tempest run tempest.api.image",
        "kolla-lite tempest run --smoke 'compute|network'      smoke tests of these alone",
        "kolla-lite tempest run --json | jq '.tests[] | select(.state == \"failed\")'",
    ),
)
@click.argument("regex", required=False)
@click.option("--smoke", is_flag=True, help="Only smoke tests; so it is too without REGEX.")
@click.option("--list", "only_list", is_flag=True, help="Name the tests, and run none.")
@config_option
@json_option
def run(*, regex: str | None, smoke: bool, only_list: bool, directory: Path, as_json: bool) -> int:
    """Run tests one after the other, after what `init` does. REGEX is looked for in names such as
    tempest.api.volume.test_volumes_get.VolumesGetTest.test_volume_create[id-…,smoke].

    Each test has a project of its own, and removes it; so it does when interrupted, which may take a minute. Exit code
    0: none failed. 1: one did.
    """
    from kolla_lite.deploy import tempest
    from kolla_lite.deploy.operations import load_checked

    console, begun = output(), time.monotonic()

    def tell(event: Mapping[str, Any]) -> None:
        if not (as_json or only_list):
            _print_event(console, event)

    selection = tempest.Selection(regex or "", smoke or regex is None)
    report = tempest.run(load_checked(directory), selection, tell, only_list=only_list)
    summary = {**report.counts(), "seconds": round(time.monotonic() - begun)}
    if as_json:
        ran = {"steps": report.steps, "tests": report.tests, "summary": summary, "well": report.well}
        print_json({"names": report.names} if only_list else ran)
    elif only_list:
        click.echo("\n".join(report.names))
    elif report.names:
        _print_failures(console, report.tests)
        console.print(", ".join(f"{count} {what}" for what, count in summary.items()))
    return EXIT_DONE if report.well else EXIT_FAILED


def _print_event(console: Console, event: Mapping[str, Any]) -> None:
    if "tests" in event:
        console.print(f"{len(event['tests'])} tests")
    elif "group" in event:
        console.print(event["group"], markup=False)
    elif "test" in event:
        print_state(console, event)
        console.print(f"{event['test'].rpartition('.')[2]} {event['detail']}".strip(), markup=False)
    else:
        print_step(console, event)


def _print_failures(console: Console, tests: Sequence[Mapping[str, Any]]) -> None:
    for test in tests:
        if "trace" in test:
            console.print(f"\n[red]failed[/] {test['test']}")
            console.print("\n".join(test["trace"].splitlines()[-_TRACE_LINES:]), markup=False)
