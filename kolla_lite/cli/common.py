"""What commands share: the --config, --json and --verbose options, and output that fits where it goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

Function = TypeVar("Function", bound=Callable[..., Any])
Done = TypeVar("Done")

DEFAULT_DIRECTORY = "/etc/kolla-lite"


def config_option(function: Function) -> Function:
    """Adds --config DIR, given to the command as `directory: Path` (absolute)."""
    return click.option(
        "--config",
        "directory",
        envvar="KOLLA_LITE_CONFIG",
        default=DEFAULT_DIRECTORY,
        show_default=True,
        show_envvar=True,
        metavar="DIR",
        type=click.Path(path_type=Path, resolve_path=True, file_okay=False),
        help="Folder of globals.yml, hosts.yml, passwords.yml and config/.",
    )(function)


def json_option(function: Function) -> Function:
    """Adds --json, given to the command as `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")(function)


def verbose_option(function: Function) -> Function:
    """Adds -v/--verbose, given to the command as `verbose: int`."""
    return click.option("-v", "--verbose", count=True, help="More detail; twice for Ansible's own output.")(function)


def yes_option(function: Function) -> Function:
    """Adds --yes, given to the command as `yes: bool`."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(function)


def selection_options(function: Function) -> Function:
    """Adds [SERVICE]... and --limit, given to the command as `services: tuple[str, ...]` and `limit: str | None`."""
    limit = click.option("--limit", metavar="PATTERN", help="Only these hosts (an Ansible host pattern).")
    return click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=_services)(limit(function))


def profile_option(function: Function) -> Function:
    """Adds --profile, given to the command as `profile: Profile | None`."""
    from kolla_lite.service.declaration import PROFILES

    return click.option(
        "--profile",
        type=click.Choice(PROFILES),
        help="Which services a new configuration has: Keystone alone with what it needs, or a whole cloud "
        "[default: compute]",
    )(function)


def _services(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from kolla_lite import paths

    return [path.parent.name for path in sorted(paths.ROLES.glob(f"{incomplete}*/service.yml"))]


_STATES = {"passed": "green", "failed": "red", "skipped": "yellow"}


def print_step(console: Console, event: Mapping[str, Any]) -> None:
    """A step of a trial of the cloud: that it begins, or how it ended."""
    if "state" not in event:
        console.print(f"{event['step']}: {event['about']} …", markup=False)
        return
    print_state(console, event)
    console.print(event["detail"], markup=False)


def print_state(console: Console, event: Mapping[str, Any]) -> None:
    """How a step ended, and how long it took; more may follow on the line."""
    took = f" in {event['seconds']} s" if event["state"] != "skipped" else ""
    console.print(f"  [{_STATES[event['state']]}]{event['state']}[/]{took}", end=" ")


def output() -> Console:
    """Standard output: colour and width only on a terminal, full lines elsewhere."""
    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False)


def consent(yes: bool) -> Callable[[Callable[[Sequence[str]], Done]], Done]:
    """What does a deployment, and asks unless `yes` before services go; see `removal.with_consent`."""
    from kolla_lite.deploy.removal import EVERY_SERVICE, with_consent

    return partial(with_consent, ask=_agreed, removable=EVERY_SERVICE if yes else ())


def _agreed(question: str) -> bool:
    """Ask on a terminal; False where there is none. KeyboardInterrupt unless the answer is yes."""
    if not sys.stdin.isatty():
        return False
    try:
        return click.confirm(question, abort=True, err=True)
    except click.Abort:
        raise KeyboardInterrupt from None  # what a run's record calls interrupted


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, default=str))


def examples(*lines: str) -> str:
    """The epilog of a command's help: example command lines, shown as written."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
