"""A run kept to one host renders what a run over all hosts renders: files are functions of the operator's folder alone.

`desired_state` is what the plan and the roles of services call, with or without --limit.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kolla_lite.cli.main import run
from kolla_lite.cloud import Cloud, load_cloud
from kolla_lite.deploy.desired import desired_state

HOSTS = """\
hosts:
  ctl[1:3]:
    address: 10.0.0.[11:13]
    roles: [control, network, compute, storage]
"""
OVERRIDES = {
    "global.conf": "[DEFAULT]\ndebug = {{ globals.debug | lower }}\n",
    "keystone/ctl2/keystone.conf": "[identity]\ndescription = {{ host.address }} of {{ hosts('keystone') | length }}\n",
    "policy.yaml": "{}\n",
}
NAMES = ["ctl1", "ctl2", "ctl3"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    assert run(["init", "--config", str(tmp_path)]) == 0
    (tmp_path / "hosts.yml").write_text(HOSTS)
    for name, text in OVERRIDES.items():
        (tmp_path / "config" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "config" / name).write_text(text)
    return tmp_path


def files(cloud: Cloud, host: str) -> dict[str, bytes]:
    return {
        f"{file.container}/{file.path} {file.mode} {file.uid}": file.content
        for service in desired_state(cloud, host).values()
        for file in service.files
    }


def test_every_file_of_every_host_is_the_same_alone_and_together(directory: Path) -> None:
    whole = load_cloud(directory)
    together = {host: files(whole, host) for host in NAMES}
    alone = {host: files(load_cloud(directory), host) for host in reversed(NAMES)}
    assert alone == together
    assert desired_state(load_cloud(directory), "ctl3") == desired_state(whole, "ctl3")
    expected = {
        f"{container.name}/{file.name}"
        for service in whole.services.values()
        for container in service.containers
        for file in service.files_of(container)
        if not file.keyring and file.template != "none"
    }
    rendered = {name.split()[0] for found in together.values() for name in found}
    assert rendered >= expected


def test_what_other_hosts_are_needs_no_facts_of_them(directory: Path) -> None:
    cloud = load_cloud(directory)
    gateway = next(host for host in NAMES if "haproxy" in desired_state(cloud, host))
    text = next(content for name, content in files(cloud, gateway).items() if name.startswith("haproxy/haproxy.cfg"))
    assert all(f"server {host} 10.0.0.1{number}:15000" in text.decode() for number, host in enumerate(NAMES, 1))
    overridden = next(content for name, content in files(cloud, "ctl2").items() if "keystone.conf" in name)
    assert b"description = 10.0.0.12 of 3\n" in overridden
