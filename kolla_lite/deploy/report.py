"""Plans and health as people read them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from rich import box
from rich.markup import escape
from rich.table import Column, Table

from kolla_lite.deploy.interruption import NOTHING
from kolla_lite.deploy.run import Outcome

_COLOURS = {"create": "green", "remove": "red", "recreate": "yellow"}
_DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def plan_text(outcome: Outcome) -> str:
    """A plan with a block per host and service, as rich markup; with the differences that its steps carry."""
    if not outcome.steps:
        return f"nothing to change: every host is as declared ({outcome.seconds} s)"
    lines = []
    for (host, service), steps in groupby(outcome.steps, key=lambda step: (step["host"], step["service"])):
        lines.append(f"[bold]{escape(service)}[/] on {escape(host)}")
        for step in steps:
            lines += _step_lines(step)
    lines += [f"[yellow]warning:[/] {escape(text)}" for text in cautions(outcome)]
    missed = Counter(step["interrupts"] for step in outcome.steps if step["interrupts"] != NOTHING)
    lines.append(
        f"{len(outcome.steps)} changes ({outcome.seconds} s), which interrupt {'' if missed else 'nothing'}".rstrip()
    )
    lines += [f"  {escape(what)}{f' ({times} times)' if times > 1 else ''}" for what, times in missed.items()]
    return "\n".join(lines)


def cautions(outcome: Outcome) -> list[str]:
    """What services say of options that they will not have for ever, each once."""
    found = (text for results in outcome.results.values() for result in results for text in result.get("cautions", []))
    return list(dict.fromkeys(found))


def _step_lines(step: dict[str, str]) -> Iterator[str]:
    colour = _COLOURS.get(step["action"], "cyan")
    yield f"  [{colour}]{step['action']}[/] {step['kind']} {escape(step['name'])}: {escape(step['cause'])}"
    if step["interrupts"] != NOTHING:
        yield f"      interrupts {escape(step['interrupts'])}"
    for line in step.get("diff", "").splitlines()[2:]:  # the names of the files are above
        shown = escape(line)
        yield f"      [{_DIFF_COLOURS[line[0]]}]{shown}[/]" if line[:1] in _DIFF_COLOURS else f"      {shown}"


def choices_of(outcome: Outcome) -> list[dict[str, str]]:
    """What containers will choose by what their hosts have: host, and what `choices.Choice` says, of each."""
    return outcome.told("choices")


def choices_table(choices: list[dict[str, str]]) -> Table:
    """Choices as a table."""
    key = Column("decided otherwise by", no_wrap=True)
    table = Table("host", "what", "chosen", "why", key, box=box.SIMPLE_HEAD)
    for entry in choices:
        table.add_row(*(escape(entry[key]) for key in ("host", "what", "chosen", "why", "key")))
    return table


def health_of(outcome: Outcome) -> list[dict[str, str]]:
    """What `operations.check` found: host, kind (container, endpoint), name, state and detail of each."""
    return outcome.told("health")


def is_well(entry: dict[str, str]) -> bool:
    """Whether an entry of `health_of` is as it should be; a container without a health command is, when it runs."""
    return entry["state"] in ("healthy", "running")


def health_table(health: list[dict[str, str]]) -> Table:
    """Health as a table."""
    table = Table("host", "what", "name", "state", "detail", box=box.SIMPLE_HEAD)
    for entry in health:
        colour = "green" if is_well(entry) else "red"
        cells = (escape(entry["host"]), entry["kind"], escape(entry["name"]), f"[{colour}]{entry['state']}[/]")
        table.add_row(*cells, escape(entry["detail"]))
    return table
