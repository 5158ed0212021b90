"""Tempest's smoke tests, as many as fit the time, over what the other tests do not touch."""

from __future__ import annotations

import json

import pytest
from here import Cloud

pytestmark = pytest.mark.e2e
REGEX = "api.image|test_attach_detach|TestDashboardBasicOps"


def test_smoke_tests_pass(cloud: Cloud) -> None:
    report = json.loads(cloud.run("tempest", "run", "--smoke", REGEX, "--json"))
    assert report["summary"] | {"seconds": 0} == {"passed": 6, "failed": 0, "skipped": 0, "seconds": 0}
    projects = cloud.run("exec", "toolbox", "openstack", "project", "list", "-f", "value", "-c", "Name")
    assert [name for name in projects.split() if name.startswith("tempest-")] == []
    assert len(list(cloud.connect().image.images(name="tiny", is_hidden=False))) == 1
