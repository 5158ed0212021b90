"""kolla-lite precheck."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, json_option, output, print_json, verbose_option


@click.command(
    "precheck",
    short_help="Whether the hosts can run what deploy would put there.",
    epilog=examples("kolla-lite precheck", "kolla-lite precheck --limit ctl2"),
)
@click.option("--limit", metavar="PATTERN", help="Only these hosts (an Ansible host pattern).")
@config_option
@json_option
@verbose_option
def command(limit: str | None, directory: Path, as_json: bool, verbose: int) -> None:
    """Reach every host and check engine, distribution, ports, memory, disk and images. Changes nothing.

    Tells also what each host's processor and kernel make services choose, why, and which key of globals.yml decides otherwise.

    `deploy` does the same before its first change. Exit code 2: something must be mended first.
    """
    from kolla_lite.deploy.operations import plan
    from kolla_lite.deploy.report import choices_of, choices_table

    outcome, _planned = plan(directory, (), limit, verbose=verbose)
    choices = choices_of(outcome)
    if as_json:
        print_json({"hosts": list(outcome.results), "choices": choices, "seconds": outcome.seconds})
        return
    if choices:
        output().print(choices_table(choices))
    output().print(f"{len(outcome.results)} hosts can be deployed to ({outcome.seconds} s)")
