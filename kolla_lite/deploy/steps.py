"""What programs of the toolbox tell while they try a cloud: events, one JSON object a line, of which steps are the most."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.access import on_host, toolbox
from kolla_lite.errors import EXIT_FAILED, UserError

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

Event = Mapping[str, Any]
"""Of a step: `step` and `about` when it begins; `step`, `state`, `seconds` and `detail` when it ends. Others are a program's."""
Tell = Callable[[Event], None]


def steps_of(cloud: Cloud, program: Sequence[str], wanted: Mapping[str, Any], tell: Tell) -> list[dict[str, Any]]:
    """Run a program of the toolbox, with `wanted` and where the outside is as its input; how each of its steps ended.

    `tell` gets every event. Interrupted, it waits until the program has removed what it made. UserError when the cloud
    has no toolbox, or the program does not come to its end.
    """
    tools, host = toolbox(cloud)
    command = on_host(host, ["docker", "exec", "--interactive", tools.containers[0].name, *program])
    # A session of its own, so that Ctrl-C here does not end the connection before it has told the program to clean up.
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True
        ) as process,
    ):
        assert process.stdin and process.stdout  # noqa: S101 - for types
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps({"external": cloud.globals.network.external_gateway, **wanted}) + "\n")
            process.stdin.flush()
        try:
            ended = _listen(process.stdout, tell)
        except KeyboardInterrupt:
            with suppress(OSError):
                process.stdin.close()  # the program takes the end of its input for the wish to stop
            _listen(process.stdout, tell)
            raise
        if process.wait():
            said.seek(0)
            *_, reason = ["no answer", *said.read().strip().splitlines()]
            message = f"{program[0]} in the toolbox on {host.name} did not come to its end: {reason}"
            raise UserError(message, hint="kolla-lite check", exit_code=EXIT_FAILED)
    return ended


def well(ended: Iterable[Event]) -> bool:
    """Whether none of these steps failed."""
    return all(step["state"] != FAILED for step in ended)


def _listen(lines: IO[str], tell: Tell) -> list[dict[str, Any]]:
    ended = []
    for line in lines:
        event = json.loads(line)
        tell(event)
        if "state" in event:
            ended.append(event)
    return ended
