"""Carries out a plan: as many images at a time as allowed, each as soon as its parents are there. Decides nothing."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from kolla_lite.image import bootstrap
from kolla_lite.image.children import Children
from kolla_lite.image.engine import Engine
from kolla_lite.image.host import proxies
from kolla_lite.image.plan import BUILD_LABEL, Plan, Step, build_label
from kolla_lite.image.render import Recipe


@dataclass(frozen=True)
class Result:
    """What became of one image. Seconds of work, size in bytes, `lines` the end of the output of one that failed."""

    name: str
    reference: str
    result: Literal["built", "pulled", "unchanged", "failed", "skipped"]
    cause: str
    seconds: float = 0.0
    size: int | None = None
    id: str | None = None
    pushed: bool = False
    lines: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.result in ("built", "pulled", "unchanged")


class Report(Protocol):
    """Who is told what happens, from several threads."""

    def started(self, step: Step) -> None:
        """Work on an image begins."""

    def output(self, name: str, line: str) -> None:
        """An image's build said something."""

    def finished(self, result: Result) -> None:
        """An image is done, one way or another."""


@dataclass(frozen=True)
class Settings:
    """What all images of a run share; `secrets` are texts by id, `suite` is Debian's."""

    suite: str
    network: str
    secrets: Mapping[str, str]
    jobs: int
    push: bool = False


def execute(plan: Plan, engine: Engine, settings: Settings, report: Report) -> list[Result]:
    """Carry out every step, in the plan's order where there is a choice. An interruption ends all children first."""
    children = Children(engine.environment)
    with (
        tempfile.TemporaryDirectory(prefix="kolla-lite-build-") as folder,
        ThreadPoolExecutor(settings.jobs) as pool,
    ):
        _write_secrets(settings.secrets, Path(folder))
        worker = _Worker(engine, settings, report, children, Path(folder))
        try:
            return _Schedule(plan, worker, pool, settings.jobs).run()
        except BaseException:
            children.stop()
            raise


class _Schedule:
    """Which step can start now."""

    def __init__(self, plan: Plan, worker: _Worker, pool: ThreadPoolExecutor, jobs: int) -> None:
        self._plan = plan
        self._worker = worker
        self._pool = pool
        self._jobs = jobs
        self._waiting = list(plan.steps)
        self._running: set[Future[Result]] = set()
        self._results: dict[str, Result] = {}
        planned = {step.name for step in plan.steps}
        self._ids = {name: image.id for name, image in plan.known.items() if name not in planned}

    def run(self) -> list[Result]:
        while self._waiting or self._running:
            for step in list(self._waiting):
                self._consider(step)
            if self._running:
                done, self._running = wait(self._running, return_when=FIRST_COMPLETED)
                for future in done:
                    self._keep(future.result())
        return [self._results[step.name] for step in self._plan.steps]

    def _consider(self, step: Step) -> None:
        """Start what can start; skip what hangs on a failed parent; keep what has nothing to do."""
        recipe = step.recipe
        bad = [name for name in recipe.parents if name in self._results and not self._results[name].good]
        if bad:
            self._waiting.remove(step)
            cause = f"parent {bad[0]} {self._results[bad[0]].result}"
            self._keep(Result(step.name, recipe.reference, "skipped", cause))
        elif len(self._running) < self._jobs and all(name in self._ids for name in recipe.parents):
            self._waiting.remove(step)
            parents = {name: self._ids[name] for name in recipe.parents}
            self._running.add(self._pool.submit(self._worker.carry_out, self._plan, step, parents))

    def _keep(self, result: Result) -> None:
        self._results[result.name] = result
        if result.good and result.id:
            self._ids[result.name] = result.id
        self._worker.report.finished(result)


@dataclass(frozen=True)
class _Worker:
    """Carries out one step."""

    engine: Engine
    settings: Settings
    report: Report
    children: Children
    folder: Path

    def carry_out(self, plan: Plan, step: Step, parent_ids: Mapping[str, str]) -> Result:
        recipe, begin = step.recipe, time.monotonic()
        status, lines = 0, tuple[str, ...]()
        if step.action != "unchanged":
            self.report.started(step)
            status, lines = self._make(step, parent_ids)
        push = self.settings.push and recipe.how != "pull"
        if push and not status:
            status, lines = self._child(step, [self.engine.client, "push", "--quiet", recipe.reference], self.folder)
        seconds = round(time.monotonic() - begin, 1)
        if status:
            return Result(step.name, recipe.reference, "failed", step.cause, seconds, lines=lines)
        word: Literal["built", "pulled", "unchanged"]
        if step.action == "unchanged":
            word, image = "unchanged", plan.known[step.name]
        else:
            word = "pulled" if step.action == "pull" else "built"
            image = self.engine.images([recipe.reference])[recipe.reference]
        return Result(step.name, recipe.reference, word, step.cause, seconds, image.size, image.id, push)

    def _make(self, step: Step, parent_ids: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
        recipe = step.recipe
        if step.action == "pull":
            return self._child(step, [self.engine.client, "pull", "--quiet", recipe.reference], self.folder)
        context = self.folder / "contexts" / step.name
        write_context(recipe, context)
        labels = {**recipe.labels, BUILD_LABEL: build_label(recipe, parent_ids)}
        if recipe.how == "bootstrap":
            settings = self.settings
            bootstrap.write_inputs(
                context, settings.suite, settings.secrets["ca.pem"], settings.secrets["sources.list"]
            )
            return self._child(
                step, bootstrap.command([self.engine.client], settings.suite, recipe.reference, labels), context
            )
        return self._child(step, self._build_command(step, labels), context)

    def _build_command(self, step: Step, labels: Mapping[str, str]) -> list[str]:
        command = [self.engine.client, "build", "--progress=plain", "--network", self.settings.network]
        command += ["--tag", step.recipe.reference]
        for name, value in sorted(labels.items()):
            command += ["--label", f"{name}={value}"]
        for name in self.settings.secrets:
            command += ["--secret", f"id={name},src={self.folder / 'secrets' / name}"]
        for name in proxies():
            command += ["--build-arg", name]  # without a value: taken from the environment, which no process list shows
        return [*command, *(["--no-cache"] if step.no_cache else []), "."]

    def _child(self, step: Step, command: list[str], folder: Path) -> tuple[int, tuple[str, ...]]:
        return self.children.run(command, folder, lambda line: self.report.output(step.name, line))


def _write_secrets(secrets: Mapping[str, str], folder: Path) -> None:
    (folder / "secrets").mkdir(mode=0o700)
    for name, text in secrets.items():
        (folder / "secrets" / name).write_text(text, encoding="utf-8")


def write_context(recipe: Recipe, folder: Path) -> None:
    """Write a Dockerfile and the files it copies; modes do not depend on the umask of who builds."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in recipe.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.data)
        path.chmod(0o755 if content.executable else 0o644)
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        path.chmod(0o755)
    (folder / "Dockerfile").write_text(recipe.dockerfile, encoding="utf-8")
