"""A question to a program in an image: its input goes in and its output comes out through memory, and nothing stays."""

from __future__ import annotations

import socket

try:
    from docker.errors import APIError
    from docker.utils.socket import STDERR, STDOUT, frames_iter
except ImportError:  # containers.connect reports it with a remedy
    APIError = OSError

SECONDS = 120
LAST_LINES = 5


class OneShotError(Exception):
    """The program could not be run, or failed; the message is its last lines."""


def ask(client, image, command, text):
    """Run a command with `text` as its standard input in a new container of an image; its standard output.

    It has no network, no capabilities, no writable file and no volume, runs as the image's own user, and is gone
    afterwards, also when this process is killed. OneShotError when the command prints nothing to standard output.
    """
    limits = client.create_host_config(
        network_mode="none", cap_drop=["ALL"], security_opt=["no-new-privileges"], read_only=True, auto_remove=True
    )
    identity = None
    try:
        identity = client.create_container(
            image, entrypoint=["timeout", str(SECONDS), *command], command=[], stdin_open=True, host_config=limits
        )["Id"]
        stream = client.attach_socket(identity, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
        client.start(identity)
    except APIError as error:
        if identity:
            client.remove_container(identity, force=True)
        raise OneShotError(str(error.explanation)) from None
    connection = getattr(stream, "_sock", stream)
    connection.sendall(text.encode())
    connection.shutdown(socket.SHUT_WR)
    printed = {STDOUT: b"", STDERR: b""}
    for number, part in frames_iter(stream, tty=False):
        printed[number] += part
    stream.close()
    if not printed[STDOUT]:
        lines = printed[STDERR].decode("utf-8", "replace").strip().splitlines()
        raise OneShotError("\n".join(lines[-LAST_LINES:]) or "it printed nothing")
    return printed[STDOUT].decode()
