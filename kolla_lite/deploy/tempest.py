"""Tempest, OpenStack's integration tests: kolla_tempest in the toolbox configures and runs it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.steps import FAILED, PASSED, SKIPPED, Event, Tell, steps_of, well
from kolla_lite.errors import UserError

PROGRAM = "kolla_tempest"


@dataclass(frozen=True)
class Selection:
    """Which tests: those that a regular expression finds, by their names with attributes; only smoke tests or all."""

    regex: str = ""
    smoke: bool = False

    def __post_init__(self) -> None:
        try:
            re.compile(self.regex)
        except re.error as error:
            message = f"{self.regex!r} is not a regular expression: {error}"
            raise UserError(message, hint="such as tempest.api.volume or 'test_volume.*create'") from None


@dataclass(frozen=True)
class Report:
    """How each step of the preparation and each test went; a test that failed has a `trace`."""

    steps: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    names: list[str]
    """The tests of the selection, run or not."""

    @property
    def well(self) -> bool:
        """Whether none failed."""
        return well([*self.steps, *self.tests])

    def counts(self) -> dict[str, int]:
        """How many tests passed, failed and were skipped."""
        counts = Counter(test["state"] for test in self.tests)
        return {state: counts[state] for state in (PASSED, FAILED, SKIPPED)}


def prepare(cloud: Cloud, tell: Tell) -> list[dict[str, Any]]:
    """Make what tests need and write tempest.conf in the toolbox; how each step went. Raises as `steps_of`."""
    return steps_of(cloud, [PROGRAM, "init"], _wanted(cloud), tell)


def run(cloud: Cloud, selection: Selection, tell: Tell, *, only_list: bool = False) -> Report:
    """Prepare, and run the tests of a selection; with `only_list`, only name them.

    `tell` also gets `tests`, the names of all; `group`, the class whose tests come next; `test`, in place of `step`.
    Interrupted, it waits until what the running test made is removed. UserError when the selection is empty; else
    raises as `steps_of`.
    """
    names: list[str] = []

    def note(event: Event) -> None:
        names.extend(event.get("tests", ()))
        tell(event)

    wanted = {**_wanted(cloud), "regex": selection.regex, "smoke": selection.smoke}
    ended = steps_of(cloud, [PROGRAM, "list" if only_list else "run"], wanted, note)
    report = Report([one for one in ended if "step" in one], [one for one in ended if "test" in one], names)
    if report.well and not names:
        of = "smoke test" if selection.smoke else "test"
        raise UserError(
            f"no {of} matches {selection.regex!r}", hint="kolla-lite tempest run --list '' shows what there is"
        )
    return report


def _wanted(cloud: Cloud) -> dict[str, Any]:
    dashboard = cloud.provider("dashboard")
    return {"dashboard": dashboard and cloud.url(dashboard.name)}
