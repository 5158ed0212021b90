"""The load balancer on a gateway host, through HAProxy's administration socket inside its container."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import time

from ansible_collections.kolla_lite.core.plugins.module_utils import containers, state

SOCKET = "/run/haproxy/admin.sock"
"""Where the gateway's configuration has its C(stats socket), as its container sees it."""
TAKEN_OUT = state.FOLDER + "/rotation.json"
POLL_SECONDS = 0.2
ANSWER_SECONDS = 5


class BalancerError(Exception):
    """What the balancer did not do; the message is for people."""


def connect(client, container):
    """The balancer's socket as the host sees it; None when no such container runs, or it has none."""
    pid = containers.process(client, container)
    path = "/proc/{0}/root{1}".format(pid, SOCKET)
    return path if pid and os.path.exists(path) else None


def tell(path, command):
    """Give one command; the answer's text, which is empty for changes that were made."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(path)
        connection.sendall(command.encode() + b"\n")
        with connection.makefile("rb") as stream:
            return stream.read().decode()


def change(path, command):
    """Give a command that changes something. BalancerError with the answer when it did not."""
    answer = tell(path, command).strip()
    if answer:
        raise BalancerError("the load balancer answers {0!r} to {1!r}".format(answer, command))


def replicas(path, service):
    """What the balancer knows of a service's replicas, by host: status, current sessions, queued requests."""
    rows = csv.DictReader(io.StringIO(tell(path, "show stat").lstrip("# ")))
    return {
        row["svname"]: {"status": row["status"], "sessions": int(row["scur"] or 0) + int(row["qcur"] or 0)}
        for row in rows
        if row["pxname"] == service and row["svname"] not in ("FRONTEND", "BACKEND")
    }


def take_out(path, service, host, wait):
    """Send a replica no more requests, wait for those it has, and count on it only when its health check says so again.

    Returns how it went, in words. Nothing is done where no other replica would take over.
    """
    known = replicas(path, service)
    if host not in known:
        return "not known to the load balancer yet"
    if not any(found["status"].startswith("UP") for name, found in known.items() if name != host):
        return "stays in rotation: no other replica is up"
    remember("{0}/{1}".format(service, host))
    change(path, "set server {0}/{1} state drain".format(service, host))
    deadline = time.monotonic() + wait
    while (left := replicas(path, service)[host]["sessions"]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    # Down until a check of what replaces it succeeds: should that fail, it must get no request even at first.
    change(path, "disable health {0}/{1}".format(service, host))
    change(path, "set server {0}/{1} health down".format(service, host))
    return "taken out of rotation" + (", {0} requests not finished after {1} s".format(left, wait) if left else "")


def bring_back(path, service, host, wait):
    """Let a replica have requests again as soon as its health check succeeds, for which is waited so many seconds.

    Returns how it went, in words. BalancerError when it is not up by then.
    """
    known = replicas(path, service)
    forget("{0}/{1}".format(service, host))
    if host not in known:
        return "not known to the load balancer yet"
    if known[host]["status"].startswith("UP"):
        return "in rotation"
    change(path, "enable health {0}/{1}".format(service, host))
    change(path, "set server {0}/{1} state ready".format(service, host))
    deadline = time.monotonic() + wait
    while not (status := replicas(path, service)[host]["status"]).startswith("UP"):
        if time.monotonic() > deadline:
            if not wait:
                return "in rotation as soon as it is healthy"
            text = "the load balancer finds {0} on {1} {2} after {3} s, although it is healthy on its host"
            raise BalancerError(text.format(service, host, status, wait))
        time.sleep(POLL_SECONDS)
    return "in rotation"


def taken_out():
    """The replicas, as SERVICE/HOST, that a run took out of rotation on this gateway and did not bring back."""
    return json.loads(state.read(TAKEN_OUT) or "[]")


def remember(replica):
    """Note that a replica is out, should the run not come to bring it back."""
    state.write(TAKEN_OUT, json.dumps(sorted({*taken_out(), replica})))


def forget(replica):
    """A replica is not, or no longer, out."""
    if replica in taken_out():
        state.write(TAKEN_OUT, json.dumps(sorted(set(taken_out()) - {replica})))
