"""Plans with causes: the cases of tests/cases/plan. Each changes a host that is as declared, and names the steps.

`declare` and `images` change what should be, `found` changes what is; all three are merge patches (RFC 7396) on
_base.yml. `steps` are in order; `error` is the refusal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kolla_lite.deploy.desired import DesiredService, File, job_spec
from kolla_lite.deploy.plan import Step, plan_host, short
from kolla_lite.errors import UserError
from kolla_lite.service.declaration import Job

FOLDER = Path(__file__).parents[1] / "cases" / "plan"
BASE = yaml.safe_load((FOLDER / "_base.yml").read_text())
CASES = sorted(FOLDER.glob("[a-z]*.yml"))


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396: null removes, mappings merge, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        # `spec: null` and `health: null` are values: containers without.
        if value is None and key not in ("spec", "health"):
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def service(name: str, declared: Mapping[str, Any]) -> DesiredService:
    files = [
        File(*path.split("/", 1), file["mode"], file["uid"], file["live"], file["content"].encode(), file.get("reload"))
        for path, file in declared["files"].items()
    ]
    specs = {
        container: {
            "service": name,
            **spec,
            "config": {f.path: f.sha256 for f in files if f.container == container and not f.live},
        }
        for container, spec in declared["containers"].items()
    }
    jobs = {
        job: job_spec(specs[entry["container"]], Job(name=job, **entry), files)
        for job, entry in declared["jobs"].items()
    }
    later = frozenset(job for job, entry in declared["jobs"].items() if entry.get("phase") == "after")
    return DesiredService(name, specs, jobs, tuple(files), later)


def services(declared: Mapping[str, Any]) -> dict[str, DesiredService]:
    return {name: service(name, entry) for name, entry in declared.items()}


def as_declared(desired: Mapping[str, DesiredService], images: Mapping[str, str]) -> dict[str, Any]:
    """What `observe` finds where everything is as desired; files with their contents, for cases to change."""
    containers: dict[str, Any] = {}
    files: dict[str, dict[str, Any]] = {}
    for one in desired.values():
        for status, specs in (("running", one.containers), ("exited", one.jobs)):
            for name, spec in specs.items():
                image = images[spec["image"]]
                found = {"id": name, "spec": spec, "status": status, "exit_code": 0, "image_id": image, "health": None}
                containers[name] = found
        for file in one.files:
            entry = {"content": file.content.decode(), "mode": file.mode, "uid": file.uid}
            files.setdefault(file.container, {})[file.path] = entry
    return {"containers": containers, "files": files, "images": {}}


def with_digests(observed: dict[str, Any]) -> dict[str, Any]:
    for files in observed["files"].values():
        for file in files.values():
            file["sha256"] = hashlib.sha256(file.pop("content").encode()).hexdigest()
    return observed


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    observed = with_digests(merged(as_declared(services(BASE["declared"]), BASE["images"]), case.get("found", {})))
    desired = services(merged(BASE["declared"], case.get("declare", {})))
    images = merged(BASE["images"], case.get("images", {}))
    if "error" in case:
        with pytest.raises(UserError) as caught:
            plan_host("h", desired, observed, images)
        assert str(caught.value) == case["error"].strip()
        return
    steps = plan_host("h", desired, observed, images)
    assert [str(step) for step in steps] == case["steps"]
    assert {step.host for step in steps} <= {"h"}
    assert {step.service for step in steps} <= {"web"}


def test_services_are_changed_in_start_order_and_removed_last() -> None:
    declared = dict.fromkeys(("b", "a"), BASE["declared"]["web"])
    observed = {"containers": {"old": {"spec": {"service": "old"}}}, "files": {}, "images": {}}
    steps = plan_host("h", services(declared), observed, {})
    assert list(dict.fromkeys(step.service for step in steps)) == ["b", "a", "old"]


def test_a_step_as_text_and_as_data() -> None:
    step = Step("h", "web", "container", "web", "create", "not there")
    assert str(step) == "create container web: not there"
    assert Step(**step.as_dict()) == step
    assert short("sha256:0123456789abcdef") == "0123456789ab"
