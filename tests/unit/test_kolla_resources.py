"""The reconciler of the toolbox image against a Keystone that is a table."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "docker" / "toolbox" / "files" / "bin" / "kolla_resources"


@pytest.fixture(scope="module")
def program() -> dict[str, Any]:
    return runpy.run_path(str(PROGRAM))


class Keystone:
    """Answers the catalogue's calls from lists, forgets what is deleted, keeps what is new, and knows the passwords set."""

    def __init__(self, **tables: list[dict[str, str]]) -> None:
        self.tables = tables
        self.granted: list[str] = []

    def call(self, method: str, path: str, body: Any = None) -> Any:
        kind, _, identity = path.partition("/")
        if method == "PUT":
            self.granted.append(path)
        if method == "DELETE":
            self.tables[kind] = [entry for entry in self.tables[kind] if entry["id"] != identity]
        if method in ("POST", "PATCH"):
            ((noun, value),) = body.items()
            found = next((entry for entry in self.tables[kind] if entry["id"] == identity), None)
            if found is None:
                found = {"id": f"{noun}{len(self.tables[kind])}"}
                self.tables[kind].append(found)
            found.update(value)
            return {noun: found}
        return None if method == "PUT" else {kind: list(self.tables[kind])}

    def by_name(self, kind: str, query: str = "") -> dict[str, dict[str, str]]:
        domain = query.removeprefix("?domain_id=")
        return {entry["name"]: entry for entry in self.tables[kind] if entry.get("domain_id", domain) == domain}

    def authenticate(self, user: str, password: str, scope: dict[str, Any], domain: str) -> str | None:
        assert scope == {"domain": {"name": domain}}
        found = self.by_name("users", f"?domain_id={self.by_name('domains')[domain]['id']}").get(user)
        return "token" if found and found["password"] == password else None


def mended(differences: Iterator[Any]) -> list[tuple[str, ...]]:
    """Differences without their mends, each mended before the next is looked for, as the program does it."""
    found = []
    for *difference, mend in differences:
        mend()
        found.append(tuple(difference))
    return found


def endpoint(identity: str, service: str, region: str = "RegionOne") -> dict[str, str]:
    return {"id": identity, "service_id": service, "interface": "public", "region": region}


def test_clients_are_not_sent_to_services_that_are_off(program: dict[str, Any]) -> None:
    leftovers = program["_catalog_leftovers"]
    services = [
        {"id": "g", "name": "glance", "type": "image"},
        {"id": "n", "name": "nova", "type": "compute"},
        {"id": "k", "name": "keystone", "type": "identity"},
        {"id": "o", "name": "nova", "type": "theirs"},
    ]
    endpoints = [
        endpoint("1", "g"),
        endpoint("2", "n"),
        endpoint("3", "n", "RegionTwo"),
        endpoint("4", "k"),
        endpoint("5", "o"),
    ]
    keystone = Keystone(services=services, endpoints=endpoints)
    off = {"glance": "image", "nova": "compute", "cinder": "block-storage"}
    found = list(leftovers(keystone, "RegionOne", off))
    assert [entry[:4] for entry in found] == [
        ("endpoint", "glance public", "remove", "the service is off"),
        ("endpoint", "nova public", "remove", "the service is off"),
        ("service", "glance", "remove", "the service is off"),
    ]
    for *_, mend in found:
        mend()
    assert [entry["id"] for entry in keystone.tables["endpoints"]] == ["3", "4", "5"]
    assert [entry["id"] for entry in keystone.tables["services"]] == ["n", "k", "o"]
    assert list(leftovers(keystone, "RegionOne", off)) == []


def test_roles_that_a_service_gives_to_users(program: dict[str, Any]) -> None:
    keystone = Keystone(roles=[{"id": "r", "name": "theirs"}])
    wanted = ["ours", "theirs"]
    assert mended(program["_catalog_roles"](keystone, wanted)) == [("role", "ours", "create", "not there")]
    assert mended(program["_catalog_roles"](keystone, wanted)) == []


def test_a_domain_and_its_administrator(program: dict[str, Any]) -> None:
    domains = program["_catalog_domains"]
    keystone = Keystone(
        domains=[{"id": "default", "name": "Default"}],
        users=[{"id": "u", "name": "stacks_admin", "domain_id": "default", "password": "of another"}],
        roles=[{"id": "a", "name": "admin"}],
    )
    wanted = {"stacks": {"admin": "stacks_admin", "password": "secret"}}
    assert mended(domains(keystone, wanted)) == [
        ("domain", "stacks", "create", "not there"),
        ("domain administrator", "stacks_admin", "set", "not there"),
    ]
    assert keystone.granted == ["domains/domain1/users/user1/roles/a"]
    assert mended(domains(keystone, wanted)) == []
    wanted["stacks"]["password"] = "new"
    cause = "not there, or password or role changed"
    assert mended(domains(keystone, wanted)) == [("domain administrator", "stacks_admin", "set", cause)]
    assert [user["password"] for user in keystone.tables["users"]] == ["of another", "new"]
    assert mended(domains(keystone, wanted)) == []
