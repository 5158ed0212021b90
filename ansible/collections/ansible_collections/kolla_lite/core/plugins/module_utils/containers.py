"""Containers on a host through the Docker Engine API: look, create, wait, remove. Used by the modules of this collection."""

from __future__ import annotations

import contextlib
import json
import os
import time

try:
    import docker
    from docker.errors import APIError, DockerException, ImageNotFound, NotFound
except ImportError:  # the modules report it with a remedy
    docker = None

from ansible_collections.kolla_lite.core.plugins.module_utils import busy
from ansible_collections.kolla_lite.core.plugins.module_utils.contract import GROUP

SPEC_LABEL = "kolla_lite.spec"
SHARE_MODE = 0o2770  # what is made in it belongs to that group too
LAST_LINES = 20
RESTARTED_LINES = 80
"""Of a container that the engine starts again: what it says while it starts comes after what ended it."""
POLL_SECONDS = 0.3
EXIT_POLL_SECONDS = 0.1
CONFLICT = 409


class ContainerError(Exception):
    """Something that could not be done with a container; the message is for people."""


def connect(timeout=120):
    """A client of the host's engine. ContainerError when the SDK or the engine is missing."""
    if docker is None:
        raise ContainerError("python3-docker is not installed on the host: run `kolla-lite bootstrap`")
    try:
        client = docker.APIClient(version="auto", timeout=timeout)
    except DockerException as error:
        raise ContainerError(
            "the Docker engine does not answer ({0}): run `kolla-lite bootstrap`".format(error)
        ) from None
    return client


def go_on():
    """ContainerError when the run that asked for this is gone."""
    if busy.abandoned():
        raise ContainerError("the run that started this was killed")


def spec_of(labels):
    """The spec that a container was made from, or None for a container that is not ours."""
    text = (labels or {}).get(SPEC_LABEL)
    return json.loads(text) if text else None


def observe(client):
    """All containers of the host by name: id, image id, spec, status, exit code, health."""
    found = {}
    for summary in client.containers(all=True):
        try:
            info = client.inspect_container(summary["Id"])
        except NotFound:  # removed since it was listed
            continue
        state, spec = info["State"], spec_of(info["Config"]["Labels"])
        found[info["Name"].lstrip("/")] = {
            "id": info["Id"],
            "image_id": info["Image"],
            "spec": spec,
            "status": state["Status"],
            "exit_code": state["ExitCode"],
            "health": _health(client, info["Id"], state, spec),
            "started": state["StartedAt"],
        }
    return found


def process(client, name):
    """The id of a running container's first process, as the host counts; None when no such container runs."""
    try:
        state = client.inspect_container(name)["State"]
    except NotFound:
        return None
    return state["Pid"] if state["Running"] else None


def _health(client, name, state, spec):
    """The health of a container; the engine's last answer may be an interval old, so a bad one is asked for again."""
    health = (state.get("Health") or {}).get("Status")
    if health in ("starting", "unhealthy") and state["Status"] == "running" and spec:
        return "healthy" if run(client, name, spec["health"]["command"])[0] else health
    return health


def image_id(client, reference):
    """The id of an image on the host, or None."""
    try:
        return client.inspect_image(reference)["Id"]
    except ImageNotFound:
        return None


def have_image(client, reference, wanted=None):
    """Fetch an image that the host lacks, or has under another id than the wanted one. ContainerError when that fails."""
    found = image_id(client, reference)
    if found is None or wanted not in (None, found):
        pull(client, reference)


def pull(client, reference):
    """Fetch an image from its registry. ContainerError with the engine's reason."""
    try:
        for line in client.pull(reference, stream=True, decode=True):
            if "error" in line:
                raise ContainerError("image {0} cannot be pulled: {1}".format(reference, line["error"]))
    except APIError as error:
        raise ContainerError(
            "image {0} is not on the host and cannot be pulled: {1}".format(reference, error.explanation)
        ) from None


def create(client, name, spec):
    """Create a container, a one-shot one when the spec has a command, from a spec as kolla_lite.deploy.desired makes it."""
    health = spec["health"]
    for volume in spec["volumes"]:
        _prepare(client, volume)
    host_config = client.create_host_config(
        network_mode="host",
        binds=["{source}:{path}:{mode}".format(mode=_mode(v), **v) for v in spec["volumes"]],
        tmpfs=spec["tmpfs"],
        cap_drop=["ALL"],
        cap_add=spec["capabilities"] or None,
        devices=[*spec["devices"], *filter(os.path.exists, spec["devices_if_present"])] or None,
        group_add=[GROUP] if spec["user"] else None,
        security_opt=["no-new-privileges"],
        restart_policy={"Name": "no" if "command" in spec else "unless-stopped"},
        log_config=docker.types.LogConfig(type="json-file", config=spec["logs"]),
    )
    client.create_container(
        spec["image"],
        name=name,
        user=spec["user"],
        command=["sh", "-c", spec["command"]] if "command" in spec else None,
        environment=spec["environment"],
        labels={SPEC_LABEL: json.dumps(spec, sort_keys=True)},
        host_config=host_config,
        stop_timeout=spec["stop_seconds"],
        healthcheck=health
        and {
            "test": ["CMD-SHELL", health["command"]],
            "interval": health["interval"] * 10**9,
            "timeout": health["timeout"] * 10**9,
            "start_period": health["start"] * 10**9,
            "retries": 3,
        },
    )


def _prepare(client, volume):
    """What the engine would not know of a volume by its name: where a share is, and whose its folder."""
    share = volume.get("share")
    if not share:
        return
    server, _colon, path = share.partition(":")
    if path:
        options = {"type": "nfs", "o": "addr={0},rw,nfsvers=4".format(server), "device": ":" + path}
        client.create_volume(volume["source"], driver="local", driver_opts=options)
    elif not os.path.isdir(share):
        os.makedirs(share)
        os.chown(share, 0, GROUP)
        os.chmod(share, SHARE_MODE)


def _mode(volume):
    """How a volume is mounted; the engine would give an empty share the files and owner that the image has there."""
    return ("ro" if volume["read_only"] else "rw") + (",nocopy" if ":" in volume.get("share", "") else "")


def remove(client, name, stop_seconds=10):
    """Stop and remove a container; nothing happens when it is not there. Named volumes stay."""
    try:
        # The engine would wait all this time for a container that it is about to start again, and that has crashed.
        if not client.inspect_container(name)["State"]["Restarting"]:
            client.stop(name, timeout=stop_seconds)
        client.remove_container(name, force=True)
    except NotFound:
        pass
    except APIError as error:
        if error.status_code != CONFLICT:
            raise
        with contextlib.suppress(NotFound):  # the engine is still at it, for a run that was killed
            client.wait(name, condition="removed")


def remove_volume(client, name):
    """Remove a named volume and the data in it; nothing happens when it is not there."""
    with contextlib.suppress(NotFound):
        client.remove_volume(name)


def logs(client, name, lines=LAST_LINES):
    """The last lines that a container printed, both streams."""
    return client.logs(name, tail=lines).decode("utf-8", "replace").rstrip()


def wait_healthy(client, name, spec):
    """Wait until the container's own health command succeeds. ContainerError with its last lines when it does not.

    The command is run here rather than waiting for the engine's next round, which may be an interval away.
    """
    health = spec["health"]
    deadline = time.monotonic() + (health["start"] if health else 0)
    restarts, last = client.inspect_container(name)["RestartCount"], ""
    while True:
        go_on()
        info = client.inspect_container(name)
        if not info["State"]["Running"] or info["RestartCount"] > restarts:
            raise ContainerError(
                "container {0} stopped with exit code {1}; it is kept for inspection. Its last lines:\n{2}".format(
                    name, info["State"]["ExitCode"], logs(client, name, RESTARTED_LINES)
                )
            )
        if not health:
            return
        done, last = run(client, name, health["command"])
        if done:
            return
        if time.monotonic() > deadline:
            raise ContainerError(
                "container {0} is not healthy after {1} s: {2}; it is kept for inspection. Its last lines:\n{3}".format(
                    name, health["start"], last.strip(), logs(client, name)
                )
            )
        time.sleep(POLL_SECONDS)


def wait_exit(client, name, seconds):
    """Wait until a one-shot container ends: its exit code. ContainerError when it takes longer; it is left running."""
    deadline = time.monotonic() + seconds
    while True:
        go_on()
        state = client.inspect_container(name)["State"]
        if state["Status"] in ("exited", "dead"):
            return state["ExitCode"]
        if time.monotonic() > deadline:
            raise ContainerError(
                "job {0} is not done after {1} s and goes on; the next run waits for it. Its last lines:\n{2}".format(
                    name, seconds, logs(client, name)
                )
            )
        time.sleep(EXIT_POLL_SECONDS)


def is_running(client, name, spec):
    """(Whether a container of this name runs, whether it was made from this spec and the image of now)."""
    try:
        info = client.inspect_container(name)
    except NotFound:
        return False, False
    same = spec_of(info["Config"]["Labels"]) == spec and info["Image"] == image_id(client, spec["image"])
    return info["State"]["Running"], same


def signal(client, name, which):
    """Send a signal to a container's first process, from inside. ContainerError when that fails.

    An engine that is to send it takes the container for stopped by hand, and starts it neither when it has crashed nor with
    the machine (https://github.com/moby/moby/issues/41302).
    """
    done, said = run(client, name, "kill -s {0} 1".format(which))
    if not done:
        raise ContainerError("container {0} does not take the signal {1}: {2}".format(name, which, said.strip()))


def run(client, name, command):
    """Run a shell command in a container: (whether it succeeded, its output)."""
    try:
        call = client.exec_create(name, ["sh", "-c", command])
        text = client.exec_start(call).decode("utf-8", "replace")
        return client.exec_inspect(call)["ExitCode"] == 0, text
    except APIError as error:  # between restarts
        return False, str(error.explanation)
