"""Services that are off go only when somebody agreed: what would go, the refusal, the question, the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kolla_lite.cli.main import run
from kolla_lite.cloud import Cloud
from kolla_lite.deploy import operations
from kolla_lite.deploy.plan import Step
from kolla_lite.deploy.removal import EVERY_SERVICE, RemovalRefused, question, refuse_removals, removals, with_consent
from kolla_lite.deploy.run import Outcome, _failures
from kolla_lite.errors import Location, UserError, UserErrors

HOST = "ctl1"
STEPS = [
    Step(HOST, "rabbitmq", "file", "/etc/kolla/rabbitmq/rabbitmq.conf", "remove", "rabbitmq is not on this host any more"),
    Step(HOST, "rabbitmq", "container", "rabbitmq", "remove", "rabbitmq is not on this host any more"),
    Step(HOST, "heat", "container", "heat_api", "remove", "heat is not on this host any more"),
    Step(HOST, "keystone", "resource", "endpoint heat-cfn public", "remove", "the service is off"),
    Step(HOST, "keystone", "resource", "service heat-cfn", "remove", "the service is off"),
    Step(HOST, "gone", "container", "gone", "remove", "gone is not on this host any more"),
    Step(HOST, "memcached", "container", "memcached", "remove", "memcached is not on this host any more"),
    Step(HOST, "keystone", "container", "keystone_old", "remove", "no longer declared"),
    Step(HOST, "keystone", "container", "keystone", "recreate", "keystone.conf changed"),
]  # fmt: skip
"""rabbitmq and heat are off, `gone` is not declared any more, memcached is on other hosts, keystone has changed."""
HEAT = ["container heat_api", "endpoint heat-cfn public", "service heat-cfn"]


@pytest.fixture(scope="module")
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    return make_cloud("services: {rabbitmq: false}\nplacement: {memcached: [ctl2]}\n")


def refusals(cloud: Cloud, *removable: str) -> list[RemovalRefused]:
    with pytest.raises(UserError) as caught:
        refuse_removals(cloud, HOST, STEPS, removable)
    errors = caught.value.errors if isinstance(caught.value, UserErrors) else [caught.value]
    return [error for error in errors if isinstance(error, RemovalRefused)]


def test_what_goes_for_good_is_told_by_service(cloud: Cloud) -> None:
    assert removals(cloud, STEPS) == {"rabbitmq": ["container rabbitmq"], "heat": HEAT, "gone": ["container gone"]}
    assert removals(cloud, STEPS[-3:]) == {}


def test_it_is_refused_with_host_service_and_remedy(cloud: Cloud) -> None:
    first, _heat, undeclared = refusals(cloud)
    assert str(first) == (
        "ctl1: rabbitmq is off, and would be removed: container rabbitmq\n"
        "  remedy: see `kolla-lite plan`; agree with --yes (plain Ansible: -e plan_removable=rabbitmq), "
        "or keep it with `services: {rabbitmq: true}` in globals.yml"
    )
    assert first.exit_code == 2
    assert "globals.yml" not in undeclared.hint


def test_consent_is_to_named_services_or_to_all(cloud: Cloud) -> None:
    assert [error.service for error in refusals(cloud, "heat", "gone")] == ["rabbitmq"]
    refuse_removals(cloud, HOST, STEPS, ["rabbitmq", "heat", "gone"])
    refuse_removals(cloud, HOST, STEPS, EVERY_SERVICE)
    refuse_removals(cloud, HOST, STEPS[-3:], [])


def test_it_comes_back_from_ansible_as_it_was(cloud: Cloud) -> None:
    errors = refusals(cloud)
    result = {"kolla_lite_errors": json.loads(json.dumps([entry for e in errors for entry in e.as_dicts()]))}
    found = _failures({"host": HOST, "res": result})
    assert [(type(e), str(e), e.as_dicts()) for e in found] == [(type(e), str(e), e.as_dicts()) for e in errors]


def test_the_question_names_services_hosts_and_what_stays(cloud: Cloud) -> None:
    assert question(refusals(cloud)) == (
        "Services that are off would be removed:\n"
        "  rabbitmq on ctl1: container rabbitmq\n"
        f"  heat on ctl1: {', '.join(HEAT)}\n"
        "  gone on ctl1: container gone\n"
        "Volumes, databases and users stay: a service that is switched on again finds its data.\n"
        "Remove them?"
    )


class Deployment:
    """A stand-in for `operations.deploy`, which refuses to remove rabbitmq and heat, and whatever `also` is."""

    def __init__(self, *also: UserError) -> None:
        self.tried: list[list[str]] = []
        refused = [RemovalRefused("off", Location(HOST), "-", name, []) for name in ("rabbitmq", "heat")]
        self._errors = UserErrors([*refused, *also])

    def __call__(self, *_given: Any, removable: Sequence[str], **_options: Any) -> Outcome:
        self.tried.append(list(removable))
        if not removable:
            raise self._errors
        return Outcome()


def test_asked_is_once_and_done_is_what_was_agreed_to() -> None:
    deployment, asked = Deployment(), []
    with_consent(lambda removable: deployment(removable=removable), lambda text: asked.append(text) is None)
    assert deployment.tried == [[], ["heat", "rabbitmq"]]
    assert len(asked) == 1


def test_nothing_is_asked_while_something_else_is_wrong() -> None:
    deployment = Deployment(UserError("the port is taken"))
    with pytest.raises(UserErrors, match="the port is taken"):
        with_consent(lambda removable: deployment(removable=removable), pytest.fail)
    assert deployment.tried == [[]]


CASES: dict[str, tuple[list[str], bool, str, int, list[list[str]]]] = {
    "no-terminal": ([], False, "", 2, [[]]),
    "said-before": (["--yes"], False, "", 0, [["all"]]),
    "default": ([], True, "\n", 130, [[]]),
    "no": ([], True, "n\n", 130, [[]]),
    "nothing-said": ([], True, "", 130, [[]]),
    "yes": ([], True, "y\n", 0, [[], ["heat", "rabbitmq"]]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_command_asks_on_a_terminal_and_refuses_elsewhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, terminal, said, code, tried = CASES[name]
    deployment = Deployment()
    monkeypatch.setattr(operations, "deploy", deployment)

    class Input:
        lines = iter(said.splitlines(keepends=True))

        def isatty(self) -> bool:
            return terminal

        def readline(self) -> str:
            return next(self.lines, "")

    monkeypatch.setattr("sys.stdin", Input())
    assert run(["deploy", *options, "--config", str(tmp_path)]) == code
    assert deployment.tried == tried
