"""The image `tiny`, for trying a cloud: kolla_tiny in the toolbox uploads it to the image service."""

from __future__ import annotations

import json
import subprocess

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.access import on_host, toolbox
from kolla_lite.errors import EXIT_FAILED, UserError

PROGRAM = "kolla_tiny"


def ship_tiny(cloud: Cloud) -> bool:
    """Have the public image be the toolbox's; whether it was uploaded. A cloud without an image service needs none.

    UserError with exit code 1 when the image service does not take it.
    """
    if not any(endpoint.type == "image" for endpoint in cloud.endpoints()):
        return False
    tools, host = toolbox(cloud)
    command = on_host(host, ["docker", "exec", tools.containers[0].name, PROGRAM])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        *_, reason = ["no answer", *done.stderr.strip().splitlines()]
        message = f"the image tiny cannot be uploaded: {cloud.secrets.masked(reason)}"
        raise UserError(message, hint="kolla-lite check", exit_code=EXIT_FAILED)
    return bool(json.loads(done.stdout)["changed"])
