"""kolla-lite unlock."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, json_option, output, print_json, verbose_option, yes_option


@click.command(
    "unlock",
    short_help="Who holds the lock of each host; let go of it.",
    epilog=examples(
        "kolla-lite unlock          shows who holds it, then asks",
        "kolla-lite unlock --yes    does not ask",
        "kolla-lite unlock --json   only shows",
    ),
)
@yes_option
@config_option
@json_option
@verbose_option
def command(yes: bool, directory: Path, as_json: bool, verbose: int) -> None:
    """Show which run locked each host, and let go of the locks.

    Needed only after a run on another controller that ended without letting go: for one that ended on this machine,
    the next run sees that it is over. Never unlock under a run that goes on: two runs would change the same hosts.
    """
    from dataclasses import asdict

    from rich.markup import escape

    from kolla_lite.deploy.operations import locks, unlock

    held = locks(directory, verbose=verbose)
    if as_json:
        print_json({"held": {host: asdict(holder) for host, holder in held.items()}})
        return
    console = output()
    for host, holder in held.items():
        console.print(f"[bold]{escape(host)}[/] is locked by {escape(str(holder))}")
    if held:
        if not yes:
            click.confirm("Is that run certainly over?", abort=True)
        unlock(directory, held, verbose=verbose)
    console.print(f"unlocked {len(held)} hosts" if held else "no host is locked")
