"""How a build shows itself: live on a terminal, one full line for each image elsewhere."""

from __future__ import annotations

import re
import threading
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from kolla_lite.image.build import Summary
from kolla_lite.image.execute import Result
from kolla_lite.image.plan import Step

_COLOURS = {"built": "green", "pulled": "green", "unchanged": "dim", "failed": "bold red", "skipped": "yellow"}
_STEP = re.compile(r"^#\d+ (?:\[(?P<step>[^\]]+)\] |\d+\.\d+ (?P<said>\S.*))")


def megabytes(size: int | None) -> str:
    """A size as people say it; decimal, like `docker images`."""
    return "" if size is None else f"{size / 1e6:.0f} MB"


def line_of(result: Result) -> str:
    """What is said of an image when it is done, such as "keystone: built in 34 s, 249 MB (Dockerfile changed)"."""
    took = f" in {result.seconds:.0f} s" if result.result in ("built", "pulled", "failed") else ""
    size = f", {megabytes(result.size)}" if result.result in ("built", "pulled") else ""
    pushed = ", pushed" if result.pushed else ""
    return f"{result.name}: {result.result}{took}{size}{pushed} ({result.cause})"


class Progress:
    """A Report on a console; a context manager, because a terminal must be left as it was found.

    Where the console is no terminal, or with `verbose`, everything is plain lines.
    """

    def __init__(self, console: Console, verbose: int = 0) -> None:
        self._console = console
        self._verbose = verbose
        self._running: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._live = (
            Live(console=console, get_renderable=self._table, refresh_per_second=4, transient=True)
            if console.is_terminal and not verbose
            else None
        )

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def started(self, step: Step) -> None:
        with self._lock:
            self._running[step.name] = (time.monotonic(), "")
        if not self._live:
            self._print(f"{step.name}: {step.action} ({step.cause})")

    def output(self, name: str, line: str) -> None:
        if self._verbose:
            self._print(f"{name} | {line}")
        match = _STEP.match(line)
        if not match:
            return
        with self._lock:
            begin, shown = self._running.get(name, (0.0, ""))
            self._running[name] = (begin, match["step"] or f"{shown.partition('  ')[0]}  {match['said']}")

    def finished(self, result: Result) -> None:
        with self._lock:
            self._running.pop(result.name, None)
        if result.result != "unchanged":
            self._print(line_of(result), _COLOURS[result.result])
        for line in result.lines:
            self._print(f"    {line}")

    def _print(self, text: str, style: str = "") -> None:
        with self._lock:
            self._console.print(f"[{style}]{escape(text)}[/]" if style else escape(text))

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        with self._lock:
            for name, (begin, step) in self._running.items():
                table.add_row(f"[cyan]{name}[/]", f"{time.monotonic() - begin:.0f} s", f"[dim]{escape(step)}[/]")
        return table


def closing(summary: Summary) -> str:
    """The last line of a build: how many images came out how, and the time it took."""
    counts: dict[str, int] = {}
    for result in summary.results:
        counts[result.result] = counts.get(result.result, 0) + 1
    return f"{', '.join(f'{count} {word}' for word, count in counts.items())}; {summary.seconds:.1f} s"
