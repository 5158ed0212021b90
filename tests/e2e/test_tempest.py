"""Tempest on the deployed cloud, from a host's toolbox over SSH: what it says, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from clouds import Cloud

pytestmark = [pytest.mark.e2e, pytest.mark.long]
SMOKE = "api.identity"


def left(cloud: Cloud) -> list[str]:
    """Projects of tests."""
    names = cloud.run("exec", "toolbox", "openstack", "project", "list", "-f", "value", "-c", "Name").split()
    return [name for name in names if name.startswith("tempest-")]


def test_the_smoke_tests_pass(cloud: Cloud) -> None:
    names = cloud.json("tempest", "run", "--list", "--smoke", SMOKE)["names"]
    report = cloud.json("tempest", "run", "--smoke", SMOKE)
    assert [test["test"] for test in report["tests"]] == names
    assert report["well"] and report["summary"]["passed"] == len(names) > 10
    assert left(cloud) == []


def test_its_configuration_is_private(cloud: Cloud) -> None:
    said = cloud.run("tempest", "init")
    workspace = "/var/lib/toolbox/tempest"
    file = f"{workspace}/etc/tempest.conf"
    assert file in said
    modes = cloud.run("exec", "toolbox", "stat", "-c", "%a %U", file, workspace)
    assert modes.split() == ["600", "toolbox", "700", "toolbox"]
    assert not [secret for secret in cloud.secrets() if secret in said]


def test_what_the_cloud_has_not_is_skipped_with_a_reason(cloud: Cloud) -> None:
    report = cloud.json("tempest", "run", "--smoke", "FlavorsV2TestJSON|test_volumes_list")
    assert report["summary"] | {"seconds": 0} == {"passed": 0, "failed": 0, "skipped": 3, "seconds": 0}
    assert all("not available" in test["detail"] for test in report["tests"])


def test_interrupted_it_removes_what_it_made(cloud: Cloud) -> None:
    command = [sys.executable, "-m", "kolla_lite", "tempest", "run", "--smoke", SMOKE]
    environment = os.environ | {"PYTHONPATH": str(cloud.tree), "KOLLA_LITE_CONFIG": str(cloud.directory)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("  passed") and "test_" in line:
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=300)
    assert process.returncode == 130
    assert left(cloud) == []
