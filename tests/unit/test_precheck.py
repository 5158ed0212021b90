"""What must be true of a host before anything changes: the cases of tests/cases/precheck.

Each looks at one host of a cloud of two. `globals` is globals.yml, `found` is a merge patch on what _base.yml says of a
fresh host, `not_built` names images that the controller lacks, `errors` is every refusal as it is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.desired import desired_state
from kolla_lite.deploy.images import image_names
from kolla_lite.deploy.precheck import ports_on, precheck
from kolla_lite.errors import UserError, UserErrors

FOLDER = Path(__file__).parents[1] / "cases" / "precheck"
BASE = yaml.safe_load((FOLDER / "_base.yml").read_text())
CASES = sorted(FOLDER.glob("[a-z]*.yml"))


@pytest.fixture(scope="module")
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    return make_cloud()


def patched(target: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping) or not isinstance(target, Mapping):
        return patch
    return {**target, **{key: patched(target.get(key), value) for key, value in patch.items()}}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, cloud: Cloud, make_cloud: Callable[..., Cloud]) -> None:
    case = yaml.safe_load(path.read_text())
    cloud = make_cloud(case["globals"]) if "globals" in case else cloud
    host = case.get("host", "ctl1")
    built = {
        reference: f"sha256:{name}"
        for reference, name in image_names(cloud).items()
        if not any(name.endswith(f"/{absent}:2026.1") for absent in case.get("not_built", []))
    }
    told: list[str] = []
    try:
        precheck(cloud, host, desired_state(cloud, host), patched(BASE, case.get("found", {})), built)
    except UserErrors as several:
        told = [str(error) for error in several.errors]
    except UserError as one:
        told = [str(one)]
    assert [text.replace(f"{cloud.directory}/", "") for text in told] == [error.strip() for error in case["errors"]]


def test_every_port_of_a_host_is_known(cloud: Cloud) -> None:
    assert ports_on(cloud, "ctl2") == {11211: "memcached", 15000: "keystone"}
    assert ports_on(cloud, "ctl1").items() >= {4000: "registry", 5672: "rabbitmq", 5000: "keystone"}.items()


def test_the_operators_own_registry_knows_its_images(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud("images: {registry: registry.example.com}\n")
    precheck(cloud, "ctl2", desired_state(cloud, "ctl2"), BASE, {})
