"""kolla_set_configs, run in process on temporary folders."""

from __future__ import annotations

import grp
import importlib.machinery
import importlib.util
import json
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "docker/base/files/bin/kolla_set_configs"
ME = f"{pwd.getpwuid(os.getuid()).pw_name}:{grp.getgrgid(os.getgid()).gr_name}"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, its command file in the temporary folder."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("kolla_set_configs", str(SCRIPT))
    spec = importlib.util.spec_from_loader("kolla_set_configs", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "RUN_COMMANDS", (str(tmp_path / "run_command"),))
    monkeypatch.setenv("KOLLA_CONFIG_STRATEGY", "COPY_ALWAYS")
    return module


@pytest.fixture
def run(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the script on a config.json given as a value or as text; its exit status and what it said."""

    def call(config: Any, *arguments: str) -> tuple[int, str]:
        text = config if isinstance(config, str) else json.dumps(config)
        (tmp_path / "config.json").write_text(text)
        monkeypatch.setenv("KOLLA_CONFIG_FILE", str(tmp_path / "config.json"))
        status = script.main(list(arguments))
        return status, capsys.readouterr().err

    return call


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def entry(source: Path | str, dest: Path | str, **more: Any) -> dict[str, Any]:
    file = {"source": str(source), "dest": str(dest), "owner": ME, "perm": "0640", **more}
    return {"command": "true", "config_files": [file]}


def test_a_file_with_its_mode(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in/a.conf": "one"})
    status, said = run(entry(tmp_path / "in/a.conf", tmp_path / "out/deep/a.conf"))
    assert (status, (tmp_path / "out/deep/a.conf").read_text()) == (0, "one")
    assert (tmp_path / "out/deep/a.conf").stat().st_mode & 0o7777 == 0o640
    assert f"copied {tmp_path}/in/a.conf to {tmp_path}/out/deep/a.conf" in said


def test_a_folder_replaces_what_was_there(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in/a": "1", "in/b/c": "2", "out/stale": "x", "out/b/stale": "x"})
    assert run(entry(tmp_path / "in", tmp_path / "out"))[0] == 0
    assert texts(tmp_path / "out") == {"a": "1", "b/c": "2"}
    assert (tmp_path / "out/b").stat().st_mode & 0o7777 == 0o750  # who may read a folder may enter it


def test_merge_keeps_what_was_there(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in/a": "1", "in/b/c": "2", "out/kept": "x", "out/b/kept": "x"})
    (tmp_path / "out/b").chmod(0o711)
    config = entry(tmp_path / "in", tmp_path / "out", merge=True)
    assert run(config)[0] == 0
    assert texts(tmp_path / "out") == {"a": "1", "b/c": "2", "b/kept": "x", "kept": "x"}
    assert (tmp_path / "out/b").stat().st_mode & 0o7777 == 0o711
    assert run(config, "--check")[0] == 0


def test_wildcards_and_a_trailing_slash(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in/a.conf": "1", "in/b.conf": "2", "in/c.txt": "3"})
    assert run(entry(tmp_path / "in/*.conf", f"{tmp_path}/out/"))[0] == 0
    assert texts(tmp_path / "out") == {"a.conf": "1", "b.conf": "2"}


def test_several_matches_need_a_folder(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in/a.conf": "1", "in/b.conf": "2"})
    status, said = run(entry(tmp_path / "in/*.conf", tmp_path / "out"))
    assert status == 1
    assert "several sources match, so dest must end with /" in said


@pytest.mark.parametrize("source", ["missing.conf", "missing-*.conf", "nowhere/*.conf", "nowhere/x"])
def test_a_missing_source(run: Run, tmp_path: Path, source: str) -> None:
    status, said = run(entry(tmp_path / source, "/nowhere/x"))
    assert status == 1
    assert f"{tmp_path / source} -> /nowhere/x: the source does not exist" in said
    assert run(entry(tmp_path / source, "/nowhere/x", optional=True))[0] == 0


def test_preserved_properties(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in/a": "1"})
    (tmp_path / "in/a").chmod(0o604)
    config = {
        "command": "true",
        "config_files": [
            {"source": str(tmp_path / "in/a"), "dest": str(tmp_path / "a"), "preserve_properties": True},
        ],
    }
    assert run(config)[0] == 0
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o604


def test_what_is_ignored_is_neither_copied_nor_compared(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in/a": "1", "in/a.pyc": "x", "in/sub/b.pyc": "x"})
    config = entry(tmp_path / "in", tmp_path / "out", ignore_globs=["*.pyc"])
    assert run(config)[0] == 0
    assert texts(tmp_path / "out") == {"a": "1"}
    tree(tmp_path, {"out/own.pyc": "x"})
    assert run(config, "--check")[0] == 0


def test_a_link_at_dest_is_replaced_not_followed(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in": "new", "precious": "kept"})
    (tmp_path / "out").symlink_to(tmp_path / "precious")
    assert run(entry(tmp_path / "in", tmp_path / "out"))[0] == 0
    assert (tmp_path / "precious").read_text() == "kept"
    assert not (tmp_path / "out").is_symlink()


def test_source_and_dest_the_same(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"in": "kept"})
    assert run(entry(tmp_path / "in", tmp_path / "in"))[0] == 1
    assert (tmp_path / "in").read_text() == "kept"


def test_copy_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLLA_CONFIG_STRATEGY", "COPY_ONCE")
    tree(tmp_path, {"in": "one"})
    assert run(entry(tmp_path / "in", tmp_path / "out"))[0] == 0
    tree(tmp_path, {"in": "two"})
    status, said = run(entry(tmp_path / "in", tmp_path / "out"))
    assert (status, (tmp_path / "out").read_text()) == (0, "one")
    assert "nothing to do" in said


@pytest.mark.parametrize("strategy", [None, "COPY_SOMETIMES"])
def test_the_strategy_is_required(run: Run, monkeypatch: pytest.MonkeyPatch, strategy: str | None) -> None:
    monkeypatch.delenv("KOLLA_CONFIG_STRATEGY")
    if strategy:
        monkeypatch.setenv("KOLLA_CONFIG_STRATEGY", strategy)
    status, said = run({"command": "true"})
    assert status == 1
    assert "it must be one of COPY_ALWAYS, COPY_ONCE" in said


def test_permissions_of_a_tree(run: Run, tmp_path: Path) -> None:
    tree(tmp_path, {"log/a": "", "log/sub/b": "", "log/snapshots/c": ""})
    for path in (tmp_path / "log").rglob("*"):
        path.chmod(0o700)
    config = {
        "command": "true",
        "permissions": [
            {"path": str(tmp_path / "log"), "owner": ME, "perm": "0640", "recurse": True, "exclude": ["/snap"]},
            {"path": str(tmp_path / "none"), "owner": ME, "optional": True},
        ],
    }
    assert run(config)[0] == 0
    log = tmp_path / "log"
    modes = {str(path.relative_to(log)): f"{path.stat().st_mode & 0o777:o}" for path in log.rglob("*")}
    assert modes == {"a": "640", "sub": "750", "sub/b": "640", "snapshots": "700", "snapshots/c": "700"}


def test_the_command_is_left_with_quotes_kept_and_nothing_to_expand(run: Run, tmp_path: Path) -> None:
    assert run({"command": "sh -c 'echo $HOME; id' a\\ b $(id) *"})[0] == 0
    assert (tmp_path / "run_command").read_text() == "sh -c 'echo $HOME; id' 'a b' '$(id)' '*'"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda out: (out / "a").write_text("changed"), "/in/a -> {out}/a: contents differ"),
        (lambda out: (out / "a").chmod(0o600), "/in/a -> {out}/a: mode is 0600, not 0640"),
        (lambda out: (out / "a").unlink(), "/in/a -> {out}/a: is missing in the container"),
        (lambda out: (out / "more").write_text(""), "/in -> {out}/more: is not in the source"),
        (lambda out: (out / "sub").rename(out / "a"), "/in/a -> {out}/a: one is a folder, the other is not"),
    ],
    ids=["contents", "mode", "missing", "more", "kind"],
)
def test_check_tells_what_differs(run: Run, tmp_path: Path, change: Callable[[Path], None], said: str) -> None:
    tree(tmp_path, {"in/a": "secret", "in/sub/b": "2"})
    config = entry(tmp_path / "in", tmp_path / "out")
    run(config)
    assert run(config, "--check") == (0, "")
    if said.endswith("the other is not"):
        (tmp_path / "out/a").unlink()
    change(tmp_path / "out")
    status, told = run(config, "--check")
    assert status == 1
    assert said.format(out=tmp_path / "out") in told
    assert "secret" not in told


def test_check_sees_another_command(run: Run) -> None:
    run({"command": "true"})
    assert run({"command": "true"}, "--check")[0] == 0
    status, said = run({"command": "true --more"}, "--check")
    assert status == 1
    assert "command: is not the one that was started" in said


FILE = {"source": "/a", "dest": "/b", "owner": "root", "perm": "0600"}


def files(*entries: Any) -> dict[str, Any]:
    return {"command": "true", "config_files": list(entries)}


def permissions(**keys: Any) -> dict[str, Any]:
    return {"command": "true", "permissions": [keys]}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('{\n  "command": true false\n}', "config.json:2:19: not valid JSON"),
        ("[]", "must be an object"),
        ("{}", "command: is missing"),
        ({"command": ["true"]}, "command: must be a str, not list"),
        ({"command": " "}, "command: is empty"),
        ({"command": "it's"}, "command: No closing quotation"),
        ({"command": "true", "files": []}, "files: unknown key; known are command, config_files, permissions"),
        (files(FILE, "x"), "config_files[1]: must be an object"),
        (files({"source": "/a"}), "config_files[0].dest: is missing"),
        (files({**FILE, "mode": "1"}), "config_files[0].mode: unknown key"),
        (files({**FILE, "perm": "rw"}), "config_files[0].perm: 'rw' is not an octal mode"),
        (files({**FILE, "perm": 600}), "config_files[0].perm: must be a str, not int"),
        (files({**FILE, "dest": "b"}), "config_files[0].dest: must be an absolute path"),
        (files({"source": "/a", "dest": "/b"}), "config_files[0].owner: is missing"),
        (permissions(path="/a"), "permissions[0].owner: is missing"),
        (
            permissions(path="/a", owner="root", exclude=["("]),
            "permissions[0].exclude: '(' is not a regular expression",
        ),
        (permissions(path="/", owner="nobody-here"), "no such user or group in this image"),
    ],
)
def test_a_wrong_config_is_told_with_its_place(run: Run, config: Any, said: str) -> None:
    status, told = run(config)
    assert status == 1
    assert said in told
    assert len(told.splitlines()) == 1


def test_config_from_the_environment_but_not_through_sudo(
    script: ModuleType, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOLLA_CONFIG", '{"command": "from the environment"}')
    assert run({"command": "from the file"})[0] == 0
    assert (tmp_path / "run_command").read_text() == "from the environment"
    monkeypatch.setattr(script, "CONFIG_FILE", str(tmp_path / "config.json"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("KOLLA_CONFIG_FILE", "/nowhere")
    assert script.main([]) == 0
    assert (tmp_path / "run_command").read_text() == "from the file"


def test_wrong_usage(script: ModuleType) -> None:
    assert script.main(["--chekc"]) == 2
