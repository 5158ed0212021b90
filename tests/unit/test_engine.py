"""What an engine must be, and what it takes to have one: decisions over plain values."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kolla_lite import engine as controller
from kolla_lite.errors import UserError

engine = controller.local
ALL = frozenset({"engine", "client", "builder", "sdk"})


def state(distribution="debian 13", version="26.1.5", present=ALL, enabled=None, root=True):
    return engine.State(distribution, version, present, enabled, root)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=x\n', "debian 12"),
        ("ID='debian'\nVERSION_ID=13\n", "debian 13"),
        ("ID=debian\nVERSION_CODENAME=sid\n", "debian"),
        ('ID="ubuntu"\nID_LIKE=debian\nVERSION_ID="24.04"\n', "ubuntu 24.04"),
    ],
)
def test_distribution(text: str, name: str) -> None:
    assert engine.distribution(text) == name


@pytest.mark.parametrize(
    ("found", "parts", "plan"),
    [
        (state(), engine.ON_HOST, ((), False)),
        (state(version=None), engine.ON_HOST, ((), True)),
        (state(enabled=False), engine.ON_HOST, ((), True)),
        (state(enabled=True), engine.ON_HOST, ((), False)),
        (
            state(version=None, present=frozenset()),
            engine.ON_HOST,
            (("docker.io", "docker-cli", "python3-docker"), True),
        ),
        (state("debian 12", None, frozenset()), engine.ON_HOST, (("docker.io", "python3-docker"), True)),
        (
            state(version=None, present=frozenset()),
            engine.ON_BUILDER,
            (("docker.io", "docker-cli", "docker-buildx"), True),
        ),
        (state("debian 12", None, frozenset()), engine.ON_BUILDER, (("docker.io",), True)),
        # An engine that somebody else installed, on another distribution, serves for building.
        (state("ubuntu 24.04", "28.0.1", frozenset({"engine", "client", "builder"})), engine.ON_BUILDER, ((), False)),
        # It answers although no dockerd is seen: nothing is installed over it.
        (state(present=frozenset({"client", "sdk"})), engine.ON_HOST, ((), False)),
        # Not being root does not matter when nothing is to do.
        (state(root=False), engine.ON_HOST, ((), False)),
    ],
)
def test_decide(found, parts, plan) -> None:
    assert engine.decide(found, parts) == plan


@pytest.mark.parametrize(
    ("found", "message", "hint"),
    [
        (state(version="19.03.15"), "19.03.15, but 20.10 or newer", "upgrade"),
        (state("fedora 43", None, frozenset()), "'fedora 43' is not supported", "debian 12, debian 13"),
        (state(version=None, root=False), "only root can change that", "as root"),
    ],
)
def test_decide_refuses(found, message: str, hint: str) -> None:
    with pytest.raises(engine.EngineError, match=message) as caught:
        engine.decide(found, engine.ON_HOST)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("current", "registries", "merged"),
    [
        ({}, [], {"live-restore": True}),
        ({"live-restore": False}, [], {"live-restore": False}),
        (
            {"dns": ["192.0.2.1"], "insecure-registries": ["a:1"]},
            ["a:1", "b:2"],
            {"live-restore": True, "dns": ["192.0.2.1"], "insecure-registries": ["a:1", "b:2"]},
        ),
    ],
)
def test_merge_adds_and_never_drops(current, registries, merged) -> None:
    assert engine.merge(current, registries) == merged
    assert engine.merge(merged, registries) == merged


@pytest.mark.parametrize(
    "name", ["192.0.2.11:4000", "registry.example.com", "[2001:db8::1]:5000", "10.0.0.0/8", "host:1"]
)
def test_registry_names(name: str) -> None:
    engine.check_registry(name)


@pytest.mark.parametrize("name", ["", "http://a", "a b", "['a:1']", "a:port", "a\nb"])
def test_bad_registry_names(name: str) -> None:
    with pytest.raises(engine.EngineError):
        engine.check_registry(name)


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1,}'])
def test_broken_daemon_json(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "DAEMON_JSON", tmp_path / "daemon.json")
    engine.DAEMON_JSON.write_text(text)
    with pytest.raises(engine.EngineError, match=r"daemon\.json is not valid"):
        engine.read_daemon_json()


def test_a_running_engine_that_refuses_its_configuration_gets_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "DAEMON_JSON", tmp_path / "daemon.json")
    monkeypatch.setattr(engine, "RELOAD_SECONDS", 0)
    monkeypatch.setattr(engine, "process", lambda: 4711)
    monkeypatch.setattr(
        engine, "ask", lambda path: {"LiveRestoreEnabled": False, "RegistryConfig": {"IndexConfigs": {}}}
    )
    signals: list[int] = []
    monkeypatch.setattr(engine.os, "kill", lambda pid, signal: signals.append(pid))
    engine.DAEMON_JSON.write_text(old := json.dumps({"debug": True}))
    with pytest.raises(engine.EngineError, match="did not take"):
        engine.configure(old, {"debug": True, "live-restore": True})
    assert engine.DAEMON_JSON.read_text() == old
    assert signals == [4711]


def test_an_engine_that_ended_is_gone_also_while_its_parent_does_not_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PID_FILE", tmp_path / "docker.pid")
    assert engine.process() is None
    shutil.copy("/bin/sleep", tmp_path / "dockerd")
    with subprocess.Popen([tmp_path / "dockerd", "60"]) as child:
        while not Path(f"/proc/{child.pid}/cmdline").read_bytes():  # it is just becoming that program
            pass
        engine.PID_FILE.write_text(f"{child.pid}\n")
        assert engine.process() == child.pid
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays in the table of processes
        assert engine.process() is None
    engine.PID_FILE.write_text(str(os.getpid()))  # a later process has its number
    assert engine.process() is None


def test_ensure_engine_reports_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    states = iter([state("debian 12", None, frozenset()), state("debian 12", None, frozenset({"engine", "client"}))])
    done: list[object] = []
    monkeypatch.setattr(engine, "look", lambda: next(states))
    monkeypatch.setattr(engine, "install", done.append)
    monkeypatch.setattr(engine, "start", lambda: done.append("start"))
    said: list[str] = []
    controller.ensure_engine(said.append)
    assert done == [("docker.io",), "start"]
    assert said == ["installing docker.io from Debian", "starting the Docker engine"]


def test_ensure_engine_refuses_in_the_words_of_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "look", lambda: state(version="18.09.1"))
    with pytest.raises(UserError, match=r"localhost: the Docker engine is 18.09.1.*\n  remedy: upgrade it") as caught:
        controller.ensure_engine(print)
    assert caught.value.exit_code == 2
