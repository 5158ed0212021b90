"""Run the reconciler of databases, queue users and catalogue in the toolbox container, its input on standard input."""

from __future__ import annotations

import json
import socket

from ansible_collections.kolla_lite.core.plugins.module_utils.containers import ContainerError

try:
    from docker.errors import APIError, NotFound
    from docker.utils.socket import frames_iter
except ImportError:  # containers.connect has said so before anything here runs
    pass

TOOLBOX = "toolbox"


def reconcile(client, wanted, check):
    """Compare, and unless `check` mend. Returns {"differences": [...], "errors": [...]}; see kolla_resources.

    A toolbox that is not there, or stopped, is an error of every part: nothing can be known then.
    """
    command = ["kolla_resources", "--check"] if check else ["kolla_resources"]
    try:
        call = client.exec_create(TOOLBOX, command, stdin=True)
        output = _exchange(client, call["Id"], wanted.encode())
        status = client.exec_inspect(call["Id"])["ExitCode"]
    except (NotFound, APIError):
        return _unknown(wanted, "container toolbox does not run")
    if status != 0:
        raise ContainerError(
            "kolla_resources failed in the toolbox: {0}".format(output[2].decode("utf-8", "replace")[-2000:])
        )
    return json.loads(output[1])


def _unknown(wanted, message):
    return {"differences": [], "errors": [{"part": part, "message": message} for part in json.loads(wanted)]}


def _exchange(client, call, text):
    """Send text, end the input, collect both output streams: {1: stdout, 2: stderr}."""
    stream = client.exec_start(call, socket=True)
    raw = getattr(stream, "_sock", stream)
    raw.sendall(text)
    raw.shutdown(socket.SHUT_WR)
    output = {1: b"", 2: b""}
    for number, data in frames_iter(raw, tty=False):
        output[number] += data
    return output
