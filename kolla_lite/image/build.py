"""Building images: the one function that the command line and `kolla-lite up` call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from kolla_lite import paths
from kolla_lite.image.bootstrap import require_mmdebstrap
from kolla_lite.image.engine import find_engine
from kolla_lite.image.execute import Report, Result, Settings, execute
from kolla_lite.image.host import secrets_for
from kolla_lite.image.lock import read_lock
from kolla_lite.image.options import BuildOptions
from kolla_lite.image.plan import Observed, Plan, Selection, make_plan
from kolla_lite.image.release import load_release, lock_path
from kolla_lite.image.render import Recipe, Sources, make_recipes
from kolla_lite.service.registry import load_services


@dataclass(frozen=True)
class Summary:
    """What a build did, one result for each image of the plan, parents first; seconds of wall-clock time."""

    results: tuple[Result, ...]
    seconds: float

    @property
    def failed(self) -> bool:
        return any(not result.good for result in self.results)

    @property
    def changed(self) -> bool:
        return any(result.result in ("built", "pulled") for result in self.results)

    def as_dict(self) -> dict[str, object]:
        """The summary for `--json`."""
        return {"seconds": self.seconds, "failed": self.failed, "images": [asdict(result) for result in self.results]}


def recipes_for(options: BuildOptions, roles: Path = paths.ROLES, docker: Path = paths.DOCKER) -> dict[str, Recipe]:
    """The recipe of every image under these options, parents before children. UserError for mistakes in any source."""
    releases = docker / "releases"
    release = load_release(options.release, releases)
    sources = Sources(options, release, load_services(roles), read_lock(lock_path(options.release, releases)), docker)
    return make_recipes(sources)


def plan_for(recipes: Mapping[str, Recipe], selection: Selection) -> Plan:
    """What building would do now. UserError when there is no engine to compare with."""
    return make_plan(recipes, observe(recipes), selection)


def observe(recipes: Mapping[str, Recipe]) -> dict[str, Observed]:
    """The images that the engine has, by full name."""
    return find_engine().images(recipe.reference for recipe in recipes.values())


def build(
    options: BuildOptions,
    selection: Selection,
    report: Report,
    push: bool = False,
    roles: Path = paths.ROLES,
    docker: Path = paths.DOCKER,
) -> Summary:
    """Build the selected images that are not as their recipes say; tells `report` what happens, which may be in any thread.

    Failed images are in the summary, with the last lines of their output. UserError for bad input, before anything is built.
    """
    begin = time.monotonic()
    recipes = recipes_for(options, roles, docker)
    engine = find_engine()
    plan = make_plan(recipes, engine.images(recipe.reference for recipe in recipes.values()), selection)
    suite = load_release(options.release, docker / "releases").debian
    if any(step.recipe.how == "bootstrap" and step.action == "build" for step in plan.steps):
        require_mmdebstrap()
    settings = Settings(suite, options.network, secrets_for(options, suite), options.jobs, push)
    results = execute(plan, engine, settings, report)
    built = [result.name for result in reversed(results) if result.result == "built" and result.name in plan.known]
    if built:
        engine.remove_replaced([plan.known[name].id for name in built])  # children first: they hold their parents
    return Summary(tuple(results), round(time.monotonic() - begin, 1))
