"""The plan of a build: what is done to each image and why. Pure; `Plan.text()` shows it and tests read it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from kolla_lite.errors import UserError
from kolla_lite.image.render import Recipe
from kolla_lite.source import nearest

BUILD_LABEL = "kolla_lite.build"
"""Label with the digests of what an image was made of; equal digests mean that there is nothing to build."""


@dataclass(frozen=True)
class Observed:
    """An image that the engine has: its id, labels and size in bytes."""

    id: str
    labels: Mapping[str, str]
    size: int


@dataclass(frozen=True)
class Selection:
    """Which images: names or patterns (none means all), with what they build on and what builds on them."""

    patterns: tuple[str, ...] = ()
    parents: bool = True
    children: bool = False
    no_cache: bool = False


@dataclass(frozen=True)
class Step:
    """What is done to one image, and why."""

    recipe: Recipe
    action: Literal["build", "pull", "unchanged"]
    cause: str
    no_cache: bool = False

    @property
    def name(self) -> str:
        return self.recipe.name


@dataclass(frozen=True)
class Plan:
    """Steps with parents before children, and by name the images that are there already, in the plan or built upon."""

    steps: tuple[Step, ...]
    known: Mapping[str, Observed]

    def text(self) -> str:
        """One line for each image."""
        width = max((len(step.name) for step in self.steps), default=0)
        return "".join(f"{step.name:{width}}  {step.action}: {step.cause}\n" for step in self.steps)


def select(recipes: Mapping[str, Recipe], selection: Selection) -> tuple[list[str], list[str]]:
    """Names of the images asked for, and of all that the plan covers, parents before children.

    UserError for a name or pattern that matches nothing.
    """
    asked = set(recipes) if not selection.patterns else set()
    for pattern in selection.patterns:
        found = {name for name in recipes if fnmatchcase(name, pattern)}
        if not found:
            raise UserError(f"no image is called {pattern!r}", hint=nearest(pattern, recipes, "images"))
        asked |= found
    if selection.children:
        for name, recipe in recipes.items():  # parents come first, so one pass reaches grandchildren
            if asked & set(recipe.parents):
                asked.add(name)
    covered = set(asked)
    if selection.parents:
        for name in reversed(list(recipes)):
            if name in covered:
                covered |= set(recipes[name].parents)
    return [name for name in recipes if name in asked], [name for name in recipes if name in covered]


def make_plan(recipes: Mapping[str, Recipe], observed: Mapping[str, Observed], selection: Selection) -> Plan:
    """Decide for each image. `observed` maps full names to what the engine has; --no-cache touches only what was asked for.

    UserError when parents are left out and the engine does not have them.
    """
    asked, covered = select(recipes, selection)
    steps: dict[str, Step] = {}
    known = {name: observed[recipe.reference] for name, recipe in recipes.items() if recipe.reference in observed}
    for name in covered:
        recipe = recipes[name]
        for parent in recipe.parents:
            if parent not in covered and parent not in known:
                raise UserError(
                    f"image {name} builds on {recipes[parent].reference}, which is not there",
                    hint="leave out --no-parents",
                )
        causes = _causes(recipe, known, [parent for parent in recipe.parents if _built(steps, parent)])
        no_cache = selection.no_cache and name in asked
        if no_cache:
            causes = ["--no-cache"]
        action: Literal["build", "pull"] = "pull" if recipe.how == "pull" else "build"
        steps[name] = Step(recipe, action if causes else "unchanged", ", ".join(causes) or "same content", no_cache)
    return Plan(tuple(steps.values()), known)


def _built(steps: Mapping[str, Step], name: str) -> bool:
    return name in steps and steps[name].action != "unchanged"


def _causes(recipe: Recipe, images: Mapping[str, Observed], rebuilt: Sequence[str]) -> list[str]:
    """Why an image must be built; empty when it need not."""
    found = images.get(recipe.name)
    if not found:
        return ["not there yet"] if recipe.how == "pull" else ["not built yet"]
    if recipe.how == "pull":
        return []
    try:
        before = json.loads(found.labels.get(BUILD_LABEL, ""))
    except ValueError:
        return ["built by something else"]
    causes = []
    for part, digest in recipe.digests().items():
        if before.get(part) == digest:
            continue
        moved = _moved(found.labels, recipe.labels) if part == "locked distributions" else ""
        causes.append(f"{part} changed" + (f" ({moved})" if moved else ""))
    if causes and causes != ["labels changed"]:
        causes = [cause for cause in causes if cause != "labels changed"]  # follows from the others
    for parent in recipe.parents:
        if parent in rebuilt or (parent in images and before.get("parents", {}).get(parent) != images[parent].id):
            causes.append(f"parent {parent} changed")
    return causes


def _moved(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The distributions whose versions differ between two images' labels, at most three of them."""
    before, after = (json.loads(labels.get("kolla_lite.distributions", "{}")) for labels in (old, new))
    lines = [
        f"{name} {before.get(name, 'absent')} → {after.get(name, 'absent')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    return ", ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")


def build_label(recipe: Recipe, parent_ids: Mapping[str, str]) -> str:
    """The value of BUILD_LABEL for an image built now, upon the parents with these ids."""
    return json.dumps({**recipe.digests(), "parents": dict(sorted(parent_ids.items()))}, sort_keys=True)


def tree(recipes: Mapping[str, Recipe], names: Iterable[str]) -> str:
    """The images as a tree: each below the one it extends, those of build stages named behind it."""
    chosen = [name for name in recipes if name in set(names)]
    lines: list[str] = []

    def walk(name: str, head: str, tail: str) -> None:
        others = [parent for parent in recipes[name].parents[:-1] if parent in chosen]
        lines.append(head + name + (f"  (built in {', '.join(others)})" if others else ""))
        children = [child for child in chosen if recipes[child].parents[-1:] == (name,)]
        for child in children:
            last = child == children[-1]
            walk(child, tail + ("└── " if last else "├── "), tail + ("    " if last else "│   "))

    for name in chosen:
        if not set(recipes[name].parents[-1:]) & set(chosen):
            walk(name, "", "")
    return "\n".join(lines) + "\n"
