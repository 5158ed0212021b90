"""One change at a time on a host, finished once it was begun, and no waiting for a controller that is gone."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

from kolla_lite import paths

FILE = paths.ANSIBLE / "collections/ansible_collections/kolla_lite/core/plugins/module_utils/busy.py"


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("busy", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOCK", str(tmp_path / "busy"))
    return module


def test_who_looks_waits_for_who_changes(busy: ModuleType) -> None:
    order = []

    def look() -> None:
        with busy.looking():
            order.append("looks")

    with busy.changing():
        other = threading.Thread(target=look)
        other.start()
        time.sleep(0.3)
        order.append("changed")
    other.join()
    assert order == ["changed", "looks"]


def test_a_look_is_taken_even_at_a_change_that_does_not_end(busy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy, "SETTLE_SECONDS", 0.2)
    with busy.changing(), busy.looking():
        pass


def test_a_change_is_finished_though_its_run_is_ended(busy: ModuleType) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with busy.changing():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_module_notices_that_nobody_reads_its_answer() -> None:
    code = (
        f"import importlib.util, sys, time; s = importlib.util.spec_from_file_location('busy', {str(FILE)!r});"
        " m = importlib.util.module_from_spec(s); s.loader.exec_module(m); before = m.abandoned();"
        " sys.stdin.readline(); sys.exit(10 * before + m.abandoned())"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin and child.stdout
    child.stdout.close()
    child.stdin.write(b"\n")
    child.stdin.close()
    assert child.wait() in (1, 11)
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.communicate(b"\n")
    assert child.returncode == 0
