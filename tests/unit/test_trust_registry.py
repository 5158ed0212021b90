"""The controller's engine is let use the deployed registry, and left alone where it may already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kolla_lite import engine
from kolla_lite.errors import UserError

REGISTRY = "10.0.0.11:4000"


class Daemon:
    """Stands for the engine: what it says of registries, what its file holds, and what was configured."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, insecure: list[str], text: str = "", answers: bool = True
    ) -> None:
        self.configured: Mapping[str, Any] | None = None
        self.insecure, self.answers = insecure, answers
        values = {"insecure-registries": insecure} if text else {}
        monkeypatch.setattr(engine.local, "ask", self.ask)
        monkeypatch.setattr(engine.local, "read_daemon_json", lambda: (text, values))
        monkeypatch.setattr(engine.local, "configure", self.configure)

    def ask(self, _path: str) -> dict[str, Any]:
        if not self.answers:
            raise OSError("no engine")
        return {"RegistryConfig": {"IndexConfigs": {name: {"Secure": False} for name in self.insecure}}}

    def configure(self, _text: str, wanted: Mapping[str, Any]) -> None:
        self.configured = wanted


def test_it_is_added_to_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon(monkeypatch, ["other:5000"], text="{}")
    assert engine.trust_registry(REGISTRY)
    assert daemon.configured is not None
    assert daemon.configured["insecure-registries"] == ["other:5000", REGISTRY]


def test_nothing_happens_twice_or_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    for daemon in (Daemon(monkeypatch, [REGISTRY]), Daemon(monkeypatch, [], answers=False)):
        monkeypatch.setattr(engine.local, "ask", daemon.ask)
        assert not engine.trust_registry(REGISTRY)
        assert daemon.configured is None


def test_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Daemon(monkeypatch, [])

    def refuse(_text: str, _wanted: object) -> None:
        raise PermissionError

    monkeypatch.setattr(engine.local, "configure", refuse)
    with pytest.raises(UserError, match="only root") as caught:
        engine.trust_registry(REGISTRY)
    assert caught.value.hint == "run as root"
