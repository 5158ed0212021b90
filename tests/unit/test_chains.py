"""Changes side by side: chains of them, with a made-up engine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from kolla_lite import paths

sys.path.insert(0, str(paths.ANSIBLE / "collections"))
from ansible_collections.kolla_lite.core.plugins.module_utils import chains, containers


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(containers, "connect", lambda: None)
    monkeypatch.setattr(containers, "go_on", lambda: None)
    return


def named(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def test_chains_are_side_by_side_and_each_in_its_order() -> None:
    meeting, order = threading.Barrier(2, timeout=10), []

    def act(_client: object, change: dict[str, str]) -> str:
        if change["name"] in ("a1", "b1"):
            meeting.wait()  # neither gets past it while the other has not begun
        order.append(change["name"])
        return change["name"].upper()

    told = chains.carry_out([named("a1", "a2"), [], named("b1", "b2")], act)
    assert sorted(order) == ["a1", "a2", "b1", "b2"]
    assert order.index("a1") < order.index("a2")
    assert order.index("b1") < order.index("b2")
    assert told["results"] == {name: name.upper() for name in order}
    assert set(told["begun"]) == set(told["seconds"]) == set(order)
    assert told["failures"] == {}


def test_a_failure_ends_its_own_chain() -> None:
    def act(_client: object, change: dict[str, str]) -> None:
        if change["name"] == "a1":
            raise containers.ContainerError("it stopped")

    told: dict[str, Any] = chains.carry_out([named("a1", "a2"), named("b1", "b2")], act)
    assert told["failures"] == {"a1": "it stopped"}
    assert list(told["seconds"]) == ["b1", "b2"]
    assert "a2" not in told["begun"]
