"""hosts.yml and globals.yml to groups: the cases of tests/cases/inventory, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kolla_lite.config.settings import Globals
from kolla_lite.errors import UserError
from kolla_lite.inventory.hosts import ROLES, Host, hosts_of
from kolla_lite.inventory.placement import Needs, Placement, needs, place
from kolla_lite.service.declaration import Service
from kolla_lite.service.registry import load_services
from kolla_lite.source import loads, parse

CASES = sorted((Path(__file__).parents[1] / "cases" / "inventory").glob("*.yml"))


def declare(name: str, containers: Mapping[str, Mapping[str, Any]], **further: Any) -> Service:
    """A service of which nothing matters but where its containers go."""
    return Service(
        name=name,
        description="A test's service.",
        user={"name": name, "uid": 1000},
        containers=[{"name": c, "place": where, "command": "true"} for c, where in containers.items()],
        **further,
    )


def host(name: str, zone: str = "") -> Host:
    return Host(name=name, address=name, roles=("control",), zone=zone)


def place_counted(count: int, *hosts: Host) -> Placement:
    db = declare("db", {"db": {"role": "control", "count": count}})
    return place({"db": db}, {host.name: host for host in hosts}, Globals())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    services = {name: declare(name, **further) for name, further in case["services"].items()}
    try:
        hosts = hosts_of(loads(case["hosts"], "hosts.yml"))
        document = loads(case.get("globals", ""), "globals.yml")
        placement = place(services, hosts, parse(Globals, document), document)
    except UserError as error:
        assert str(error) == case.get("error", "no error").strip()
        return
    told = {
        "addresses": [f"{host.name} {host.address} {host.ssh_address}" for host in hosts.values()],
        "groups": [f"{name}: {' '.join(members)}".rstrip() for name, members in placement.groups.items()],
        "explain": [
            f"{group} {host} {placement.reasons[group][host]}"
            for group in dict.fromkeys(line.split()[0] for line in case.get("explain", "").splitlines())
            for host in hosts
        ],
        "notes": list(placement.notes),
    }
    expected = {key: case[key].splitlines() for key in told if key in case}
    assert "error" not in case and expected
    assert {key: told[key] for key in expected} == expected


def test_a_host_added_at_the_end_moves_none() -> None:
    zones = ["a", "a", "b", "a", "b", "b", "a"]
    hosts = [host(f"h{number}", zone) for number, zone in enumerate(zones)]
    for count in (1, 2, 3):
        before: set[str] = set()
        for size in range(count + 1, len(hosts) + 1):
            chosen = set(place_counted(count, *hosts[:size]).groups["db"])
            assert not before or chosen == before
            before = chosen


def test_a_host_added_at_the_end_takes_a_place_only_to_even_the_zones() -> None:
    hosts = [host("h1", "a"), host("h2", "a"), host("h3", "b")]
    assert place_counted(2, *hosts[:2]).groups["db"] == ("h1", "h2")
    assert place_counted(2, *hosts).groups["db"] == ("h1", "h3")


def test_without_zones_the_first_hosts_are_taken() -> None:
    assert place_counted(2, host("z"), host("a"), host("m")).groups["db"] == ("z", "a")


def test_each_group_has_a_reason_for_each_host() -> None:
    services = load_services()
    hosts = {"h1": Host(name="h1", address="h1", roles=ROLES)}
    hosts["h2"] = Host(name="h2", address="h2", roles=("network", "compute"))
    placement = place(services, hosts, Globals())
    assert set(placement.reasons) == set(placement.groups)
    for group, members in placement.groups.items():
        reasons = placement.reasons[group]
        assert list(reasons) == list(hosts)
        assert {name for name, reason in reasons.items() if reason.startswith("in: ")} == set(members)
        assert all(reason.startswith(("in: ", "out: ")) for reason in reasons.values())


def test_services_run_in_the_order_of_their_declarations() -> None:
    services = {name: declare(name, {name: {"role": "control"}}) for name in ("z", "off", "a")}
    placement = place(services, {"h": host("h")}, Globals(services={"off": False}))
    assert placement.enabled == ("z", "a")


def test_needs_are_added_up_per_host() -> None:
    api = declare("api", {"api_web": {"role": "control"}, "api_helper": {"role": "control", "count": 1}})
    placement = place({"api": api}, {"h1": host("h1"), "h2": host("h2")}, Globals())
    memory = api.containers[0].memory_mb
    assert needs({"api": api}, placement) == {"h1": Needs(2 * memory, 0), "h2": Needs(memory, 0)}
