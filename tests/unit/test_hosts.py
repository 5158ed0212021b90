"""What cases in tests/cases/inventory cannot say: values, and the places of hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kolla_lite.errors import Location, UserError
from kolla_lite.inventory.hosts import Host, Ssh, load_hosts
from kolla_lite.inventory.ranges import MOST, expand
from kolla_lite.source import loads

HOSTS = """\
hosts:
  ctl[1:2]:
    address: Ctl[1:2].Example.COM
    roles: [control, control, network]
    zone: rack-1
    labels: {room: B 12}
    vars: {text: "{{ x }}", list: [1, 2.5, null, true]}
    ssh: {port: 2222, user: ops, key: ~/.ssh/cloud, options: {ProxyJump: bastion}}
  me:
    address: FD00::0:1
    connection: local
    roles: []
"""


@pytest.fixture
def hosts(tmp_path: Path) -> dict[str, Host]:
    path = tmp_path / "hosts.yml"
    path.write_text(HOSTS)
    return load_hosts(path)


def test_everything_that_is_said_of_a_host_is_kept(hosts: dict[str, Host]) -> None:
    assert hosts["ctl2"] == Host(
        name="ctl2",
        address="ctl2.example.com",
        roles=("control", "network"),
        zone="rack-1",
        labels={"room": "B 12"},
        vars={"text": "{{ x }}", "list": [1, 2.5, None, True]},
        ssh=Ssh(port=2222, user="ops", key="~/.ssh/cloud", options={"ProxyJump": "bastion"}),
        ssh_address="ctl2.example.com",
    )


def test_what_is_not_said_has_a_default(hosts: dict[str, Host]) -> None:
    assert hosts["me"] == Host("me", "fd00::1", (), connection="local", ssh_address="fd00::1")


def test_hosts_keep_the_order_of_the_file_and_know_their_line(hosts: dict[str, Host], tmp_path: Path) -> None:
    assert list(hosts) == ["ctl1", "ctl2", "me"]
    assert hosts["ctl2"].where == Location(str(tmp_path / "hosts.yml"), 2, 3)
    assert hosts["me"].where == Location(str(tmp_path / "hosts.yml"), 9, 3)


def test_a_range_may_begin_at_nothing_as_in_ansible() -> None:
    assert expand("n[:2]") == ["n0", "n1", "n2"]


def test_several_ranges_together_have_a_limit() -> None:
    assert len(expand("[1:10]-[1:1000]")) == 10_000 < MOST
    with pytest.raises(ValueError, match="more than 100,000 names"):
        expand("[1:1000]-[1:1000]")


@pytest.mark.parametrize("text", ["hosts: &a\n  x: *a\n", "hosts: " + "[" * 5000 + "]" * 5000])
def test_a_bottomless_file_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        loads(text, "hosts.yml")
