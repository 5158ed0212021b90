"""Pages lead where they say."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from kolla_lite.cli.main import kolla_lite
from kolla_lite.service.registry import load_services

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?:^    |`)kolla-lite ([^`\n]*?)(?:`|  |$)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    lost = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert lost == []


def test_every_page_is_listed() -> None:
    indexes = [ROOT / "docs/index.md", ROOT / "docs/reference/services/index.md"]
    listed = {(index.parent / link).resolve() for index in indexes for link in LINK.findall(index.read_text())}
    assert {page.resolve() for page in PAGES} - listed == {indexes[0].resolve()}


def test_troubleshooting_names_commands_services_and_containers_that_exist() -> None:
    services = load_services()
    containers = {container.name for service in services.values() for container in service.containers}
    known = {
        "check": set(services),
        "config": {"show"},
        "exec": containers | set(services),
        "logs": containers | set(services),
        "runs": {"show", "diff", "report"},
    }
    lines = COMMAND.findall((ROOT / "docs/troubleshooting.md").read_text())
    assert len(lines) > 40
    for command, *words in map(str.split, lines):
        assert kolla_lite.get_command(click.Context(kolla_lite), command), command
        first = words[0] if words else ""
        assert not first or first.startswith("-") or first == "NAME" or first in known[command], (command, first)
