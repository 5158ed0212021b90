"""A page for each service, from its declaration."""

from __future__ import annotations

from pathlib import Path

import pytest

from kolla_lite.cli.main import run
from kolla_lite.pages import as_markdown, as_text, index, page
from kolla_lite.service.declaration import Service
from kolla_lite.service.registry import load_services

ROOT = Path(__file__).resolve().parents[2]
PAGES = "docs/reference/services"

GREETER = Service.model_validate(
    {
        "name": "greeter",
        "description": "Greets.",
        "after": ["keystone"],
        "profile": "compute",
        "user": {"name": "greet", "uid": 42999},
        "image": {"distribution": "greeter", "extras": ["sql"], "packages": {"run": ["figlet"]}},
        "endpoints": [{"type": "greeting", "port": 8900}],
        "databases": ["greeter"],
        "queue": True,
        "identity": "admin",
        "config": [
            {"name": "greeter.conf", "dest": "/etc/greeter/greeter.conf", "format": "ini", "namespaces": ["greeter"]},
            {"name": "words", "reload": "HUP"},
        ],
        "containers": [
            {"name": "greeter_api", "place": {"role": "control"}, "wsgi": "greeter:application"},
            {
                "name": "greeter_tap",
                "place": {"role": ["network", "compute"], "count": 1},
                "command": "tap | tee",
                "config": ["words"],
                "root": True,
                "reason": "It opens taps.",
                "capabilities": ["NET_ADMIN"],
                "devices": ["/dev/net/tun"],
                "volumes": [{"name": "taps", "path": "/var/lib/taps", "read_only": True}],
            },
        ],
        "jobs": [{"name": "sync", "container": "greeter_api", "command": "a | b", "inputs": ["words"]}],
    }
)


def test_pages_in_docs_are_current(tmp_path: Path) -> None:
    assert run(["docs", "services", "--output", str(tmp_path)]) == 0
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text() for path in (ROOT / PAGES).iterdir()}
    assert kept == made, f"run: rm -r {PAGES}; kolla-lite docs services --output {PAGES}"


def test_a_page_says_all_that_a_declaration_says() -> None:
    text = as_markdown(page(GREETER))
    for line in (
        "# greeter\n\nGreets.\n",
        "- Profiles: compute, full",
        "- Starts after: [keystone](keystone.md)",
        "- Python distributions: `greeter[sql]`",
        "- Debian packages: `figlet`, `uwsgi-core`, `uwsgi-plugin-python3`",
        "- Keystone: user `greeter` in project `service`, with roles `service` and `admin`",
        "| greeter | greeting | 8900 | `/healthcheck` | `greeter_api` at port 18900 |",
        "| `greeter_queue_password` | password | Password of its message-queue user. |",
        "| `greeter.conf` | `/etc/greeter/greeter.conf` | ini | recreates containers | `global.conf`, `greeter.conf`,"
        " `greeter/greeter_api.conf`, `greeter/HOST/greeter.conf` |",
        "| `words` | `/var/lib/kolla/config_files/words` | text | is reloaded by HUP | `words`, `greeter/HOST/words` |",
        "- `greeter.conf`: `greeter`",
        "## Container `greeter_api`\n\n- Placed on: all hosts with role control\n",
        "- Placed on: up to 1 of the hosts with role network or compute",
        "- What for: It opens taps.",
        "- Volumes: `taps` at `/var/lib/taps`, read-only",
        "| `greeter_sync` | `a \\| b` | `greeter_api` | deploy, before the containers | `words` |",
        "- `kolla-lite logs greeter_tap`: what it printed",
    ):
        assert line in text


def test_a_page_for_a_terminal_has_no_marks() -> None:
    text = as_text(page(GREETER))
    assert "  Starts after: keystone\n" in text
    assert "    Command: a | b; In: greeter_api; When: deploy, before the containers;" in text
    assert "`" not in text
    assert "](" not in text


def test_the_index_lists_services_and_who_may_do_what() -> None:
    text = as_markdown(index([GREETER]))
    assert "| [greeter](greeter.md) | compute | 8900 | Greets. |" in text
    assert (
        "| `greeter_tap` of [greeter](greeter.md) | root | NET_ADMIN | `/dev/net/tun` | It opens taps. |\n"
        in text + "\n"
    )
    assert "greeter_api" not in text


def test_every_container_that_is_root_says_what_for() -> None:
    containers = [container for service in load_services().values() for container in service.containers]
    assert [container.name for container in containers if container.root and not container.reason] == []


def test_one_service_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", "services", "keystone"]) == 0
    assert capsys.readouterr().out == as_text(page(load_services()["keystone"]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("services keyston", "did you mean `keystone`?"),
        ("globals keystone", "NAME and --output go with services"),
        ("services --example", "there is no example"),
        ("services keystone --output x", "NAME or --output"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", *arguments.split()]) == 2
    assert said in capsys.readouterr().err
