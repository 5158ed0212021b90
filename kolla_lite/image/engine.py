"""The container engine as builds see it: a client that can use BuildKit, the images that are there, pushing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kolla_lite.errors import EXIT_FAILED, UserError
from kolla_lite.image.plan import Observed

_REMEDY = "install Debian's docker.io (or docker-buildx beside a newer client), and start the engine"
FALLBACK = ("/usr/bin",)
"""Where a distribution's own client is, whatever PATH says."""


@dataclass(frozen=True)
class Engine:
    """A docker client able to build with BuildKit, and the environment that makes it do so."""

    client: str

    @property
    def environment(self) -> dict[str, str]:
        """BuildKit in the engine itself, whichever builder buildx would choose: images must land where they run."""
        return os.environ | {"DOCKER_BUILDKIT": "1", "BUILDX_BUILDER": "default", "BUILDKIT_PROGRESS": "plain"}

    def images(self, references: Iterable[str]) -> dict[str, Observed]:
        """Those of the images that the engine has. UserError when it does not answer."""
        wanted = list(references)
        done = self._run("image", "inspect", *wanted)
        found: dict[str, Observed] = {}
        for image in json.loads(done.stdout or "[]"):
            observed = Observed(image["Id"], image["Config"].get("Labels") or {}, image["Size"])
            found |= dict.fromkeys(image.get("RepoTags") or [], observed)
        if not found and "No such image" not in done.stderr and done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or ["no answer"]
            raise UserError(f"the engine cannot be used: {said[0]}", hint=_REMEDY, exit_code=EXIT_FAILED)
        return {reference: found[reference] for reference in wanted if reference in found}

    def remove_replaced(self, ids: Sequence[str]) -> None:
        """Remove those of the images that have no name any more; the engine keeps what a container or an image needs."""
        done = self._run("image", "inspect", *ids)
        nameless = {image["Id"] for image in json.loads(done.stdout or "[]") if not image.get("RepoTags")}
        if nameless:
            self._run("rmi", *(each for each in ids if each in nameless))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.client, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )


def find_engine(environ: Mapping[str, str] = os.environ) -> Engine:
    """The first client on PATH that can use BuildKit: one with buildx, or one old enough to have it built in (19.03 to 20.10).

    UserError when there is none.
    """
    folders = [*environ.get("PATH", os.defpath).split(os.pathsep), *FALLBACK]
    clients = dict.fromkeys(found for folder in folders if (found := shutil.which("docker", path=folder)))
    built_in = ""
    for client in clients:
        if _succeeds(client, "buildx", "version"):
            return Engine(client)
        major = _client_major(client)
        if not built_in and major is not None and 18 < major < 23:
            built_in = client
    if built_in:
        return Engine(built_in)
    what = f"{', '.join(clients)} cannot use BuildKit" if clients else "there is no docker client"
    raise UserError(what, hint=_REMEDY, exit_code=EXIT_FAILED)


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _client_major(client: str) -> int | None:
    text = subprocess.run([client, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"version (\d+)\.", text)
    return int(match[1]) if match else None
