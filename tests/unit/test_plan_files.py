"""Plans that are kept: what refuses them, and what their steps interrupt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kolla_lite.cli.main import run
from kolla_lite.cloud import Cloud, load_cloud
from kolla_lite.deploy.desired import desired_state
from kolla_lite.deploy.interruption import interruption
from kolla_lite.deploy.plan import Step
from kolla_lite.deploy.planfile import PlanFile, fingerprint, inputs_of, read_plan
from kolla_lite.errors import UserError
from kolla_lite.runs.history import replacement_seconds
from kolla_lite.runs.journal import EVENTS, FOLDER, RECORD

THREE = "hosts:\n  ctl[1:3]:\n    address: 10.0.0.[11:13]\n    roles: [control, network]\n"
STEP = Step("h", "keystone", "container", "keystone", "recreate", "keystone.conf changed")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    assert run(["init", "--profile", "minimal", "--config", str(tmp_path / "cloud")]) == 0
    return tmp_path / "cloud"


def kept(directory: Path, **more: Any) -> PlanFile:
    hosts = {"h": {"container keystone": "a", "image x": "b"}}
    return PlanFile(["keystone"], None, inputs_of(directory), hosts, [STEP.as_dict()], **more)


def test_it_is_private_and_comes_back_as_it_was(directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    kept(directory).write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_plan(path) == kept(directory)
    assert read_plan(path).as_dict()["version"] == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 2}', "x"])
def test_what_is_no_plan_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UserError, match="plan") as caught:
        read_plan(tmp_path / "plan.json")
    assert caught.value.exit_code == 2


def test_inputs_that_changed_since_are_named(directory: Path) -> None:
    plan = kept(directory)
    plan.refuse_changed_inputs(directory)
    (directory / "globals.yml").write_text("profile: minimal\ndebug: true\n")
    (directory / "config" / "global.conf").write_text("[DEFAULT]\n")
    with pytest.raises(UserError) as caught:
        plan.refuse_changed_inputs(directory)
    lines = str(caught.value).splitlines()[::2]
    assert lines == [
        f"{directory}/config/global.conf: is new since the plan was made",
        f"{directory}/globals.yml: changed since the plan was made",
    ]
    assert caught.value.exit_code == 2


def test_hosts_that_moved_since_are_told_with_the_steps_that_differ(directory: Path) -> None:
    plan = kept(directory)
    now = {"container keystone": "a", "image x": "b"}
    plan.refuse_moved_host("h", [STEP.as_dict()], now)
    plan.refuse_moved_host("h", [{**STEP.as_dict(), "diff": "told now"}], now)
    other = replace(STEP, name="memcached", action="create", cause="not there")
    with pytest.raises(UserError) as caught:
        plan.refuse_moved_host("h", [other.as_dict()], {"container keystone": "c", "image x": "b"})
    assert str(caught.value).splitlines()[::2] == [
        "h: no longer to be done: recreate container keystone: keystone.conf changed",
        "h: not in the plan: create container memcached: not there",
        "h: container keystone changed since the plan was made",
    ]


def test_a_plan_file_leaves_no_room_for_another_selection(directory: Path, tmp_path: Path) -> None:
    kept(directory).write(tmp_path / "plan.json")
    for more in (["keystone"], ["--limit", "localhost"], ["--dry-run"]):
        arguments = ["deploy", "--config", str(directory), "--plan", str(tmp_path / "plan.json"), *more]
        assert run(arguments) == 2


def observed() -> dict[str, Any]:
    def container(service: str) -> dict[str, Any]:
        spec = {"service": service}
        return {"id": "1", "image_id": "i", "spec": spec, "status": "running", "exit_code": 0, "started": "now"}

    return {
        "containers": {"keystone": container("keystone"), "mariadb": container("mariadb"), "other": {"spec": None}},
        "files": {"keystone": {"keystone.conf": {"sha256": "1"}}, "strange": {"x": {"sha256": "2"}}},
        "images": {},
        "facts": {"memory_mb": 1},
    }


def test_only_what_a_plan_depends_on_counts(directory: Path) -> None:
    desired = desired_state(load_cloud(directory), "localhost")
    first = fingerprint(desired, observed(), {}, {"keystone"})
    for change in (
        {"facts": {"memory_mb": 2}},
        {"containers": {**observed()["containers"], "mariadb": {"spec": None}}},
        {"files": {**observed()["files"], "strange": {}}},
    ):
        assert fingerprint(desired, {**observed(), **change}, {}, {"keystone"}) == first
    everything = fingerprint(desired, observed(), {}, set())
    assert {"container keystone", "container mariadb", "file /etc/kolla/keystone/keystone.conf"} < set(everything)
    assert not any("strange" in name or "other" in name for name in everything)
    stopped = json.loads(json.dumps(observed()))
    stopped["containers"]["keystone"]["status"] = "exited"
    assert fingerprint(desired, stopped, {}, {"keystone"})["container keystone"] != first["container keystone"]


@pytest.fixture
def three(directory: Path) -> Cloud:
    (directory / "hosts.yml").write_text(THREE)
    return load_cloud(directory)


def missed(cloud: Cloud, service: str, action: str = "recreate", kind: str = "container", **more: str) -> str:
    step = Step("ctl1", service, kind, more.get("name", service), action, more.get("cause", "c"))
    return interruption(cloud, step, {("ctl1", "haproxy"): 3.7})


def test_what_a_step_interrupts(directory: Path, three: Cloud) -> None:
    assert missed(three, "keystone") == "one replica of 3 of keystone"
    assert missed(three, "haproxy") == "every API for about 4 s"
    assert missed(three, "mariadb") == "every database until the new container is healthy"
    assert missed(three, "rabbitmq") == "the message queue until the new container is healthy"
    assert missed(three, "memcached") == "memcached on ctl1 until the new container is healthy"
    for action in ("create", "start"):
        assert missed(three, "keystone", action) == "nothing"
    assert missed(three, "keystone", "write", "file") == "nothing"
    assert missed(three, "keystone", "run", "job") == "nothing"
    assert missed(three, "keystone", "remove", name="keystone_db_sync") == "nothing"
    assert missed(three, "unheard-of", "remove") == "nothing"
    renewed = missed(three, "mariadb", "set", "resource", name="database user keystone", cause="password changed")
    assert renewed == "new logins of keystone, until its containers have the new password"
    (directory / "globals.yml").write_text("profile: minimal\nservices: {keystone: false}\n")
    assert missed(load_cloud(directory), "keystone", "remove") == "the API of keystone, for good"
    (directory / "globals.yml").write_text("profile: minimal\nplacement: {keystone: [ctl2]}\n")
    moved = load_cloud(directory)
    assert missed(moved, "keystone", "remove") == "nothing"
    alone = replace(STEP, host="ctl2")
    assert interruption(moved, alone, {}) == "the API of keystone until the new container is healthy"


def test_how_long_replacing_took_comes_from_recent_runs(directory: Path) -> None:
    def record(name: str, action: str, seconds: float) -> None:
        folder = directory / FOLDER / name
        folder.mkdir(parents=True)
        (folder / RECORD).write_text(json.dumps({"result": "done"}))
        planned = replace(STEP, action=action).as_dict()
        events = [
            {"host": "h", "result": {"steps": [planned]}},
            {"host": "h", "result": {"seconds": {"keystone": seconds}}},
        ]
        (folder / EVENTS).write_text("".join(json.dumps(event) + "\n" for event in events))

    assert replacement_seconds(directory) == {}
    record("20260101-000000-deploy", "recreate", 5.0)
    record("20260102-000000-deploy", "recreate", 7.0)
    record("20260103-000000-deploy", "create", 90.0)
    assert replacement_seconds(directory) == {("h", "keystone"): 7.0}
