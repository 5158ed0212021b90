"""Child processes of a build: their output line by line, and all of them ended at once when the build is interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LAST_LINES = 20
"""How much of a failed child's output is kept."""
_BUILDKIT = re.compile(r"^#\d+ (?:\d+\.\d+ )?")


class Children:
    """Runs processes, each in a group of its own so that what it started ends with it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, command: Sequence[str], folder: Path, hear: Callable[[str], None]) -> tuple[int, tuple[str, ...]]:
        """Exit status and last lines of a command run in `folder`; `hear` gets every line of its output."""
        with self._lock:
            if self._stopped:
                return 1, ()
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=self._environment,
                text=True,
                errors="replace",
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            self._running.add(child)
        lines: deque[str] = deque(maxlen=LAST_LINES * 3)
        with child:
            for line in child.stdout or ():
                lines.append(line.rstrip())
                hear(line.rstrip())
        with self._lock:
            self._running.discard(child)
        return child.returncode, _last(lines)

    def stop(self) -> None:
        """End everything that runs; nothing starts after it."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                os.killpg(child.pid, signal.SIGTERM)


def _last(lines: Sequence[str]) -> tuple[str, ...]:
    """The end of the output without BuildKit's line numbers, and without its summary, which says the same once more."""
    kept = list(lines)
    for number, line in enumerate(kept):
        if line == "------":
            kept = kept[:number]
            break
    texts = [_BUILDKIT.sub("", line) for line in kept]
    return tuple(text for text in texts if text)[-LAST_LINES:]
