"""The program of the toolbox that runs Tempest, on a cloud that is a table and on tests of unittest."""

from __future__ import annotations

import json
import os
import runpy
import signal
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

TOOLBOX = Path(__file__).parents[2] / "docker" / "toolbox" / "files"
NAME = "tempest.api.volume.test_volumes_get.VolumesGetTest.test_volume_create"
EXTENSIONS = [SimpleNamespace(alias=alias) for alias in ("router", "port-security")]


@pytest.fixture
def told() -> list[dict[str, Any]]:
    """The events that the program tells."""
    return []


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, told: list[dict[str, Any]]) -> dict[str, Any]:
    monkeypatch.setattr("sys.dont_write_bytecode", True)  # the folder is an image's
    monkeypatch.syspath_prepend(str(TOOLBOX / "bin"))
    monkeypatch.setattr("kolla_steps.tell", lambda **event: told.append(event))
    return runpy.run_path(str(TOOLBOX / "bin" / "kolla_tempest"))


@pytest.mark.parametrize(
    ("attributes", "regex", "smoke", "is_chosen"),
    [
        ("[id-1,smoke]", "", True, True),
        ("[id-1,smoke]", "api.volume", True, True),
        ("[id-1,smoke]", "api.image", True, False),
        ("[id-1]", "", True, False),
        ("", "", True, False),
        ("[id-1]", "volume.*create", False, True),
        ("[id-1]", r"\[.*id-1\b", False, True),
    ],
)
def test_selection(program: dict[str, Any], attributes: str, regex: str, smoke: bool, is_chosen: bool) -> None:
    assert program["chosen"](NAME + attributes, regex, smoke) is is_chosen
    assert program["plain"](NAME + attributes) == NAME


def test_every_exclusion_has_a_reason(program: dict[str, Any]) -> None:
    assert list(program["reasons"]("# a comment\n\na.b  # because\nc\n")) == [("a.b", "because"), ("c", "")]
    listed = list(program["reasons"]((TOOLBOX / "tempest-excluded.txt").read_text()))
    assert [regex for regex, reason in listed if not reason] == []


def test_values_are_written_as_oslo_config_reads_them(program: dict[str, Any]) -> None:
    as_text = program["as_text"]
    assert [as_text(value) for value in (True, 3, ["b", "a"], "p$w")] == ["true", "3", "b,a", "p$$w"]
    assert program["formats"]([None, "aki", "raw", "qcow2"]) == ["raw", "aki", "qcow2"]


def cloud(types: list[str], made: list[str]) -> Any:
    """A cloud that has services of these types and nothing in them; what is made in it is noted."""

    def make(kind: str) -> Callable[..., Any]:
        def create(**given: Any) -> Any:
            made.append(kind)
            return SimpleNamespace(id=f"id of {given.get('name', kind)}", name=given.get("name"))

        return create

    auth = {"username": "admin", "password": "p$w", "project_name": "admin", "auth_url": "http://192.0.2.1:5000/v3"}
    auth |= {"user_domain_name": "Default", "project_domain_name": "Default"}
    schema = {
        f"{kind}_format": {"enum": [None, "ami", best]} for kind, best in (("disk", "raw"), ("container", "bare"))
    }
    capabilities = {"storage_protocol": "ceph", "vendor_name": "Open Source", "volume_backend_name": "rbd"}
    return SimpleNamespace(
        config=SimpleNamespace(
            auth=auth, region_name="RegionOne", get_requests_verify_args=lambda: ("/etc/ssl/ca.pem", None)
        ),
        identity=SimpleNamespace(services=lambda: [SimpleNamespace(type=each) for each in types]),
        image=SimpleNamespace(
            images=lambda **_: [],
            create_image=make("image"),
            get=lambda _: SimpleNamespace(json=lambda: {"properties": schema}),
        ),
        network=SimpleNamespace(
            networks=lambda **_: [],
            create_network=make("network"),
            create_subnet=make("subnet"),
            delete_network=None,
            delete_subnet=None,
            extensions=lambda: EXTENSIONS,
        ),
        compute=SimpleNamespace(
            services=lambda **_: [SimpleNamespace(state="up")],
            find_flavor=lambda _: None,
            create_flavor=make("flavor"),
            hypervisors=lambda **_: [SimpleNamespace(hypervisor_type="QEMU")],
        ),
        block_storage=SimpleNamespace(
            backend_pools=lambda: [SimpleNamespace(capabilities=capabilities)],
            services=lambda: [SimpleNamespace(binary="cinder-backup", state="down")],
            extensions=lambda: EXTENSIONS,
        ),
    )


def prepare(
    program: dict[str, Any], monkeypatch: pytest.MonkeyPatch, folder: Path, types: list[str], **wanted: Any
) -> tuple[bool, list[str], dict[str, dict[str, str]]]:
    """Whether the steps went well, what they made, and what stands in the configuration after them."""
    made: list[str] = []
    image, file = folder / "tiny.img", folder / "tempest" / "etc" / "tempest.conf"
    image.write_bytes(b"disk")
    monkeypatch.setattr("openstack.connect", lambda: cloud(types, made))
    preparation = program["Preparation"]
    variables = preparation.run.__globals__
    monkeypatch.setattr("kolla_steps.IMAGE", image)
    variables.update(WORKSPACE=folder / "tempest", CONFIGURATION=file)
    monkeypatch.setattr(preparation, "_look_for_ping", lambda _self: None)
    well = preparation({"external": "172.24.4.1/24", "dashboard": None} | wanted).run()
    parser = program["configparser"].RawConfigParser(default_section="")
    parser.read(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in (file.parent, file.parent.parent)} == {0o700}
    return well, made, {name: dict(section) for name, section in parser.items() if name}


def test_the_configuration_is_what_the_cloud_has(
    program: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: list[dict[str, Any]]
) -> None:
    types = ["identity", "image", "network", "compute", "volumev3"]
    well, made, found = prepare(program, monkeypatch, tmp_path, types, dashboard="http://192.0.2.1:8080")
    assert well and made == ["image", "network", "subnet", "flavor", "flavor"]
    assert found["auth"]["admin_password"] == "p$$w"
    assert found["identity"]["ca_certificates_file"] == "/etc/ssl/ca.pem"
    assert found["image"]["disk_formats"] == "raw,ami"
    assert found["network"]["public_network_id"] == "id of outside"
    assert found["network-feature-enabled"]["api_extensions"] == "port-security,router"
    assert found["compute"]["flavor_ref_alt"] == "id of tempest-2"
    assert found["volume"]["catalog_type"] == "volumev3" and found["volume-feature-enabled"]["backup"] == "false"
    on = {name for name, value in found["service_available"].items() if value == "true"}
    assert on == {"cinder", "glance", "horizon", "neutron", "nova"}
    assert "p$w" not in json.dumps(told)


def test_what_is_not_there_is_not_tried(
    program: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: list[dict[str, Any]]
) -> None:
    well, made, found = prepare(program, monkeypatch, tmp_path, ["identity"])
    assert well and made == []
    assert set(found["service_available"].values()) == {"false"}
    assert [event["step"] for event in told if "state" in event] == ["identity", "configuration"]


class Passes(unittest.TestCase):
    __test__ = False
    torn_down = 0

    def test_one(self) -> None: ...

    def test_two(self) -> None:
        self.skipTest("no swift")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.torn_down += 1


class SkippedAsAWhole(unittest.TestCase):
    __test__ = False

    @classmethod
    def setUpClass(cls) -> None:
        raise unittest.SkipTest("no object storage")

    def test_one(self) -> None: ...

    def test_two(self) -> None: ...


class Stops(unittest.TestCase):
    __test__ = False

    def test_one(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("it went on")


class StopsInItsClass(unittest.TestCase):
    __test__ = False

    @classmethod
    def setUpClass(cls) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("it went on")

    def test_one(self) -> None: ...


class StopsInARequest(unittest.TestCase):
    __test__ = False
    answers = 0

    def raw_request(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        StopsInARequest.answers += 1

    def test_one(self) -> None:
        self.raw_request()
        time.sleep(10)


class StopsWhileCleaning(unittest.TestCase):
    __test__ = False
    cleaned = False

    def test_one(self) -> None: ...

    @classmethod
    def tearDownClass(cls) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        cls.cleaned = True


def run(program: dict[str, Any], *classes: type[unittest.TestCase], excluded: str = "") -> None:
    """Run tests as the program does."""
    listed = list(program["reasons"](excluded))
    suites = [unittest.defaultTestLoader.loadTestsFromTestCase(each) for each in classes]
    before = signal.getsignal(signal.SIGINT)
    try:
        program["run_groups"](
            program["Group"](each.__name__, suite, listed) for each, suite in zip(classes, suites, strict=True)
        )
    finally:
        signal.signal(signal.SIGINT, before)


def results(events: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    ended = [event for event in events if "state" in event]
    return [(".".join(event["test"].split(".")[-2:]), event["state"], event["detail"]) for event in ended]


def test_every_test_has_a_result(program: dict[str, Any], told: list[dict[str, Any]]) -> None:
    before = Passes.torn_down
    run(program, Passes, SkippedAsAWhole)
    assert [event["group"] for event in told if "group" in event] == ["Passes", "SkippedAsAWhole"]
    assert results(told) == [
        ("Passes.test_one", "passed", ""),
        ("Passes.test_two", "skipped", "no swift"),
        ("SkippedAsAWhole.test_one", "skipped", "no object storage"),
        ("SkippedAsAWhole.test_two", "skipped", "no object storage"),
    ]
    assert Passes.torn_down == before + 1


def test_an_excluded_test_is_skipped_with_its_reason(program: dict[str, Any], told: list[dict[str, Any]]) -> None:
    run(program, Passes, excluded="Passes.test_one  # takes an hour")
    assert ("Passes.test_one", "skipped", "takes an hour") in results(told)


def test_told_to_stop_it_ends_the_test_and_begins_no_other(program: dict[str, Any], told: list[dict[str, Any]]) -> None:
    run(program, Stops, Passes)
    ((name, state, detail),) = results(told)
    assert (name, state) == ("Stops.test_one", "failed") and detail.endswith("Stopped: it was told to stop")
    assert "stop_now" in next(event["trace"] for event in told if "trace" in event)


def test_told_to_stop_it_does_not_go_on_preparing(program: dict[str, Any], told: list[dict[str, Any]]) -> None:
    run(program, StopsInItsClass, Passes)
    ((name, state, detail),) = results(told)
    assert (name, state) == ("StopsInItsClass.test_one", "failed") and detail.endswith("it was told to stop")


def test_told_to_stop_it_awaits_an_answer(program: dict[str, Any], told: list[dict[str, Any]]) -> None:
    run(program, StopsInARequest, Passes)
    assert StopsInARequest.answers == 1
    assert [state for _, state, _ in results(told)] == ["failed"]


def test_told_to_stop_it_goes_on_cleaning_up(program: dict[str, Any], told: list[dict[str, Any]]) -> None:
    run(program, StopsWhileCleaning, Passes)
    assert StopsWhileCleaning.cleaned
    assert results(told) == [("StopsWhileCleaning.test_one", "passed", "")]
