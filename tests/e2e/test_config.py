"""What services are configured with, on hosts: options that keystone's image does not know, and differences of files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from clouds import Cloud, state

pytestmark = pytest.mark.e2e


@pytest.fixture
def overrides(cloud: Cloud) -> Iterator[Cloud]:
    """The deployed cloud; overrides that a test writes are taken away again."""
    kept = cloud.directory / "config.before"
    shutil.copytree(cloud.directory / "config", kept)
    yield cloud
    shutil.rmtree(cloud.directory / "config")
    kept.rename(cloud.directory / "config")


def everything(cloud: Cloud) -> list[str]:
    return [state(machine) for machine in cloud.machines]


@pytest.mark.parametrize("command", ["deploy", "plan"])
def test_what_keystone_does_not_know_is_refused_before_anything_changes(overrides: Cloud, command: str) -> None:
    before = everything(overrides)
    overrides.write("config/keystone.conf", "# mine\n[token]\nexpirationn = 7200\n")
    overrides.write("config/keystone/host2/keystone.conf", "[token]\nexpiration = 2h\n")
    said = overrides.run(command, code=2)
    config = overrides.directory / "config"
    assert f"{config}/keystone.conf:3: keystone has no option 'expirationn' in [token]" in said
    assert "did you mean `expiration`?" in said
    assert f"{config}/keystone/host2/keystone.conf:2: [token] expiration does not take this value" in said
    assert everything(overrides) == before


def test_what_keystone_knows_is_accepted_and_what_is_deprecated_is_told(overrides: Cloud) -> None:
    before = everything(overrides)
    overrides.write("config/global.conf", "[token]\nexpiration = 7200\n[DEFAULT]\nlogdir = /tmp\n[nova]\nx = 1\n")
    plan = overrides.json("plan", "keystone", code=3)
    files = {(step["host"], step["name"]) for step in plan["steps"] if step["kind"] == "file"}
    assert files == {(host, "/etc/kolla/keystone/keystone.conf") for host in ("host1", "host2")}
    told = "\n".join(plan["warnings"])
    assert "config/global.conf:4: [DEFAULT] logdir is deprecated\n  remedy: use [DEFAULT] log_dir" in told
    assert "config/global.conf:6: keystone has no option group [nova]" in told
    assert everything(overrides) == before


def test_options_are_checked_without_hosts(overrides: Cloud) -> None:
    assert "every service knows its options" in overrides.run("config", "check")
    overrides.write("config/keystone/keystone.conf", "[databse]\nmax_pool_size = 1\n")
    (error,) = overrides.json("config", "check", code=2)["errors"]
    assert (error["line"], error["remedy"]) == (2, "did you mean `database`?")


def test_hosts_are_compared_with_what_they_should_hold(overrides: Cloud) -> None:
    assert overrides.run("config", "diff").strip() == ""
    held = "/etc/kolla/keystone/keystone.conf"
    machine = overrides.machines["host2"]
    machine.run(f"cp --preserve=all {held} /root/kept; sed -i 's,keystone:.*@,keystone:an-older-one@,' {held}")
    machine.run("echo 'by hand' > /etc/kolla/keystone/left.yaml")
    overrides.write("config/keystone/host1/keystone.conf", "[token]\nexpiration = 7200\n")
    try:
        found = overrides.json("config", "diff", "keystone", code=3)["differences"]
        said = overrides.run("config", "diff", "-vvv", code=3)
    finally:
        machine.run(f"cp --preserve=all /root/kept {held}; rm /etc/kolla/keystone/left.yaml")
    diffs = {(entry["host"], entry["file"].rpartition("/")[2]): entry["diff"].splitlines() for entry in found}
    assert diffs.keys() == {("host1", "keystone.conf"), ("host2", "keystone.conf"), ("host2", "left.yaml")}
    assert "+expiration = 7200" in diffs["host1", "keystone.conf"]
    changed = [line for line in diffs["host2", "keystone.conf"][2:] if line[0] in "-+"]
    assert [line[:1] for line in changed] == ["-", "+"]
    assert all("keystone:********@" in line for line in changed)
    assert not [secret for secret in ("an-older-one", *overrides.secrets()) if secret in said]
