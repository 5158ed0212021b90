"""Runs are recorded as they happen, without secrets, for their owner alone; read back they tell how far they got."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kolla_lite.cloud import Cloud, load_cloud
from kolla_lite.config import folder
from kolla_lite.deploy.progress import describe
from kolla_lite.deploy.resume import Resumption, unfinished, what_is_left
from kolla_lite.deploy.run import by_service
from kolla_lite.errors import EXIT_FAILED, Location, UserError
from kolla_lite.runs import journal as journals
from kolla_lite.runs.history import Run, differences, find, folders, load
from kolla_lite.runs.history_text import run_text, runs_table
from kolla_lite.runs.journal import Journal, also, recorded
from kolla_lite.runs.timeline import Bar, bars, clock, html, lanes, ticks

STEPS = [
    ("file", "/etc/kolla/web/web.conf", "write", "content changed"),
    ("job", "web_setup", "run", "has not run"),
    ("job", "web_fill", "run", "has not run"),
    ("container", "web", "recreate", "web.conf <changed>"),
    ("resource", "databases", "reconcile", "container toolbox does not run"),
]
BASE = {"host": "h", "play": "Web", "begun": "2026-11-24T03:45:12.000+00:00", "seconds": 1.5}


JOBS = {
    "begun": {"web_setup": 0, "web_fill": 0.5},
    "seconds": {"web_setup": 0.5},
    "output": {"web_setup": "ok"},
    "failures": {"web_fill": "it failed:\nlast line"},
}


def steps() -> list[dict[str, str]]:
    return [
        {"host": "h", "service": "web", "kind": kind, "name": name, "action": action, "cause": cause, "interrupts": "-"}
        for kind, name, action, cause in STEPS
    ]


def event(action: str, state: str = "ok", **result: object) -> dict[str, Any]:
    errors = {"errors": [{"message": "it failed:\nlast line", "file": "h", "remedy": ""}]} if state == "failed" else {}
    return {**BASE, "action": action, "task": action, "state": state, "result": {"service": "web", **result}, **errors}


def started(action: str) -> dict[str, Any]:
    return {"host": "h", "play": "Web", "task": action, "action": action, "state": "started"}


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    folder.create(tmp_path / "cloud")
    return load_cloud(tmp_path / "cloud")


def record(cloud: Cloud, *events: Mapping[str, Any], command: str = "deploy", **options: Any) -> Run:
    error = options.pop("error", None)
    with suppress(UserError, KeyboardInterrupt), recorded(cloud, command, **options) as journal:
        for one in events:
            journal(one)
        if error:
            raise error
    return find(cloud.directory, "last")


def failed(cloud: Cloud) -> Run:
    """A run that wrote files, did one job of two, and failed at the second."""
    return record(
        cloud,
        {**event("plan", steps=steps()), "play": "Compare"},
        started("service_config"),
        event("service_config", changed=True, files=["web/web.conf"]),
        started("service_jobs"),
        event("service_jobs", "failed", **JOBS),
        services=["web"],
        error=UserError("job web_fill failed:\nlast line", Location("h"), "mend it", EXIT_FAILED),
    )


def states(run: Run) -> list[str]:
    return [state for _step, state in run.progress()]


def test_what_is_recorded_is_read_back(cloud: Cloud) -> None:
    run = failed(cloud)
    assert (run.result, run.record["exit"], run.selection) == ("failed", 1, "web")
    assert run.id.endswith("-deploy")
    assert [step["name"] for step in run.plan] == [name for _kind, name, _action, _cause in STEPS]
    assert states(run) == ["done", "done", "failed", "not reached", "not reached"]
    assert run.record["errors"][0]["message"] == "job web_fill failed:\nlast line"
    assert str(cloud.directory / "passwords.yml") in run.record["inputs"]


PAIR = [
    {
        "host": "h",
        "service": name,
        "kind": kind,
        "name": f"{name}_{kind}",
        "action": "run",
        "cause": "-",
        "interrupts": "-",
    }
    for name in ("glance", "heat")
    for kind in ("job", "container")
]
TOGETHER = {**BASE, "play": "Glance, Heat", "task": "t"}


def test_services_of_one_play_get_as_far_as_each_did(cloud: Cloud) -> None:
    jobs = {"begun": {}, "seconds": {"glance_job": 1, "heat_job": 1}, "failures": {}}
    begun = {**TOGETHER, "state": "started"}
    several = [
        {**event("plan", steps=PAIR), "play": "Compare"},
        {**begun, "action": "service_jobs"},
        {**TOGETHER, "action": "service_jobs", "state": "ok", "result": {**jobs, "service": "glance"}},
        {**TOGETHER, "action": "service_jobs", "state": "ok", "result": {**jobs, "service": "heat"}},
        {**begun, "action": "service_containers"},
    ]
    assert states(record(cloud, *several)) == ["done", "cut off", "done", "cut off"]
    failure = {"begun": {"heat_container": 0}, "seconds": {}, "failures": {"heat_container": "it stopped"}}
    good = {"changed": True, "begun": {"glance_container": 0}, "seconds": {"glance_container": 2}, "failures": {}}
    result = {"services": {"glance": good, "heat": failure}}
    done, failed = by_service(result)
    ends = [
        {**TOGETHER, "action": "service_containers", "state": "ok", "result": done},
        {**TOGETHER, "action": "service_containers", "state": "failed", "result": failed},
    ]
    run = record(cloud, *several, *ends)
    assert states(run) == ["done", "done", "done", "failed"]
    assert [(bar.service, bar.name, bar.state) for bar in bars(run) if bar.kind == "container"] == [
        ("glance", "glance_container", "done"),
        ("heat", "heat_container", "failed"),
    ]
    whole = {**TOGETHER, "action": "service_containers", "state": "failed", "result": {"msg": "the engine is gone"}}
    assert states(record(cloud, *several, whole)) == ["done", "failed", "done", "failed"]


def test_leftovers_are_done_in_one_task_whatever_they_are(cloud: Cloud) -> None:
    gone = [{**step, "action": "remove"} for step in (steps()[0], steps()[3])]
    left = {"play": "What is left", "result": {"service": "web", "changed": True, "seconds": {"web": 1.0}}}
    run = record(
        cloud,
        event("plan", steps=gone),
        {**started("service_leftovers"), **left},
        {**event("service_leftovers"), **left},
    )
    assert states(run) == ["done", "done"]
    assert describe(run.events[-1]) == ["container web removed"]


def test_a_job_after_containers_is_not_done_because_there_was_none_before(cloud: Cloud) -> None:
    run = record(
        cloud, event("plan", steps=steps()[1:2]), started("service_jobs"), event("service_jobs", changed=False)
    )
    assert states(run) == ["not reached"]


def test_bars_of_the_same_time_are_in_rows_of_their_own() -> None:
    def bar(name: str, begun: float, seconds: float) -> Bar:
        return Bar("h", "nova", "container", name, "done", begun, seconds, ())

    rows = lanes([bar("a", 0, 2), bar("b", 0.5, 1), bar("c", 2, 1), bar("d", 2.5, 1)])["h"]["nova"]
    assert [[one.name for one in row] for row in rows] == [["a", "c"], ["b", "d"]]


def test_only_its_owner_reads_it_and_it_holds_no_secret(cloud: Cloud) -> None:
    secret = cloud.secrets.all_values()[0]
    run = record(cloud, event("service_jobs", output={"web_setup": f"password is {secret}"}, invocation={"x": secret}))
    place = folders(cloud.directory)[0]
    assert place.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}
    assert not any(secret in path.read_text() for path in place.iterdir())
    assert run.events[0]["result"] == {"service": "web", "output": {"web_setup": "password is ********"}}


def test_what_is_recorded_does_not_make_a_cloud_be_read_again(cloud: Cloud) -> None:
    before = folder.input_files(cloud.directory)
    record(cloud, event("plan", steps=[]))
    assert folder.input_files(cloud.directory) == before


def test_a_killed_run_loses_nothing_and_is_told_from_one_that_goes_on(cloud: Cloud) -> None:
    child = os.fork()
    if child == 0:
        with Journal(cloud, "deploy") as journal:
            journal({**event("plan", steps=steps()), "play": "Compare"})
            journal(started("service_config"))
            os._exit(9)
    os.waitpid(child, 0)
    run = find(cloud.directory, "last")
    assert (run.result, run.record["exit"]) == ("interrupted", None)
    assert states(run)[0] == "cut off"
    with Journal(cloud, "deploy"):
        assert find(cloud.directory, "last").result == "running"
        with pytest.raises(UserError, match="still running"):
            unfinished(cloud.directory)


def test_the_rest_of_a_line_that_was_cut_short_is_left_out(cloud: Cloud) -> None:
    failed(cloud)
    with (folders(cloud.directory)[0] / journals.EVENTS).open("a") as events:
        events.write('{"state": "ok", "ho')
    assert len(find(cloud.directory, "last").events) == 5


def test_refused_is_what_changed_nothing(cloud: Cloud) -> None:
    assert record(cloud, error=UserError("bad")).result == "refused"
    assert record(cloud, event("service_config", changed=True, files=[]), error=UserError("gone")).result == "failed"
    assert record(cloud, error=KeyboardInterrupt()).result == "interrupted"


def test_a_run_within_a_run_is_part_of_it(cloud: Cloud) -> None:
    with recorded(cloud, "up"):
        record(cloud, event("service_config", changed=True, files=[]))
    (only,) = folders(cloud.directory)
    assert load(only).record["command"] == "up"
    assert len(load(only).events) == 1


def test_events_are_written_down_before_they_are_passed_on(cloud: Cloud) -> None:
    seen: list[int] = []
    with Journal(cloud, "deploy") as journal:
        observe = also(journal, lambda _event: seen.append(len(load(journal.folder).events)))
        observe(event("plan"))
        observe(event("plan"))
    assert seen == [1, 2]


def test_old_runs_go(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "KEPT_RUNS", 2)
    for command in ("bootstrap", "deploy", "stop"):
        last = record(cloud, command=command)
    assert len(folders(cloud.directory)) == 2
    assert find(cloud.directory, "stop").id == last.id


def test_a_run_that_is_not_there(cloud: Cloud) -> None:
    with pytest.raises(UserError, match="no run is recorded"):
        find(cloud.directory, "last")
    record(cloud)
    record(cloud)
    with pytest.raises(UserError, match="there is no run 'x'"):
        find(cloud.directory, "x")
    with pytest.raises(UserError, match="2 runs are called so"):
        find(cloud.directory, "deploy")


def test_how_two_runs_differ(cloud: Cloud) -> None:
    one = failed(cloud)
    (cloud.directory / "globals.yml").write_text("logs: {max_files: 4}\n")
    other = record(cloud, {**event("plan", steps=steps()[:1]), "play": "Compare"})
    found = differences(one, other)
    assert [entry.what for entry in found["runs"]] == ["services", "result"]
    assert [entry.what for entry in found["inputs"]] == [str(cloud.directory / "globals.yml")]
    assert found["steps"][0].before == "write (content changed): done"
    assert found["steps"][0].after == "write (content changed): not reached"
    assert found["steps"][1].after == "no step"
    assert not any(differences(one, one).values())


def test_resuming_takes_the_latest_run_that_nothing_has_finished_since(cloud: Cloud) -> None:
    with pytest.raises(UserError, match="no unfinished run"):
        unfinished(cloud.directory)
    stopped = failed(cloud)
    record(cloud, services=["other"])
    record(cloud, limit="h")
    record(cloud, command="stop")
    assert unfinished(cloud.directory).id == stopped.id
    record(cloud)
    with pytest.raises(UserError, match="no unfinished run"):
        unfinished(cloud.directory)


def test_resuming_is_refused_when_an_input_changed(cloud: Cloud) -> None:
    stopped = failed(cloud)
    (cloud.directory / "globals.yml").write_text("logs: {max_files: 4}\n")
    with pytest.raises(UserError, match=f"changed since {stopped.id} began") as caught:
        unfinished(cloud.directory)
    assert caught.value.where == Location(str(cloud.directory / "globals.yml"))
    assert "kolla-lite deploy" in caught.value.hint


def test_resuming_tells_where_it_stopped_and_what_is_left(cloud: Cloud) -> None:
    console = Console(record=True, width=200)
    passed: list[Mapping[str, Any]] = []
    observe = Resumption(failed(cloud), console, passed.append)
    observe({**event("plan", steps=steps()[3:]), "play": "Compare"})
    observe({**event("plan", "failed"), "play": "Compare"})  # a host refuses, and is asked again with consent
    observe({**event("plan", steps=steps()[2:]), "play": "Compare"})
    observe(started("service_jobs"))
    observe(started("service_containers"))
    text = console.export_text()
    assert "it stopped at: job web_fill of web on h: failed" in text
    assert text.count("done already: 2 of its 5 steps; left: 3") == 1
    assert len(passed) == 5


def test_steps_that_were_not_in_the_plan_are_named() -> None:
    lines = what_is_left(steps()[:1], steps()[:2])
    assert lines[1] == "  also now: run job web_setup of web on h: has not run"


def test_a_timeline_has_a_bar_for_each_thing_done(cloud: Cloud) -> None:
    found = bars(failed(cloud))
    assert [(bar.service, bar.kind, bar.name, bar.state) for bar in found if bar.kind != "plan"] == [
        ("web", "file", "service_config", "done"),
        ("web", "job", "web_setup", "done"),
        ("web", "job", "web_fill", "failed"),
    ]
    assert found[-1].told == ("it failed:\nlast line",)


def test_the_report_needs_nothing_else_and_escapes_what_it_shows(cloud: Cloud) -> None:
    page = html(failed(cloud))
    assert "web.conf &lt;changed&gt;" in page
    assert "last line" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert not any(word in page for word in ("<script", "<link", "src=", "@import", "url("))
    assert "Nothing was recorded" in html(record(cloud))


def test_what_people_read_on_a_terminal(cloud: Cloud) -> None:
    console = Console(record=True, width=160)
    run = failed(cloud)
    console.print(run_text(run))
    console.print(runs_table([run]))
    text = console.export_text()
    assert "✗ run job web_fill of web on h: has not run (failed)" in text
    assert "web_setup: ok" in text
    assert "deploy web" in text
    assert "2 of 5" in text


@pytest.mark.parametrize(
    ("seconds", "times"), [(0, [0]), (3, [0, 0.5, 1, 1.5, 2, 2.5, 3]), (100, [0, 15, 30, 45, 60, 75, 90])]
)
def test_an_axis_has_round_times(seconds: float, times: list[float]) -> None:
    assert ticks(seconds) == times


def test_times_as_people_read_them() -> None:
    assert [clock(seconds) for seconds in (0.5, 12.0, 125.0)] == ["0.5 s", "12 s", "2:05"]


def test_a_record_is_json(cloud: Cloud) -> None:
    failed(cloud)
    place = folders(cloud.directory)[0]
    assert json.loads((place / journals.RECORD).read_text())["result"] == "failed"


def test_what_other_commands_did_is_told_too() -> None:
    removed = {"containers": ["web"], "volumes": ["data"], "changed": True}
    assert describe(event("destroy", **removed)) == ["container web removed", "volume data removed"]
    assert describe(event("service_stop", stopped=["web"], changed=True)) == ["container web stopped"]
    assert describe(event("host", actions=["start the engine"], changed=True)) == ["start the engine"]
