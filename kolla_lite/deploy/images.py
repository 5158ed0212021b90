"""Images on their way from the controller, where they are built, to the hosts that run them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import docker
import requests
from docker.errors import DockerException, ImageNotFound

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.desired import DesiredService
from kolla_lite.deploy.plan import Observed, Step, short
from kolla_lite.errors import EXIT_FAILED, UserError

REGISTRY_SECONDS = 10
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def built_images(cloud: Cloud) -> dict[str, str]:
    """Image ids, by the reference that hosts use, of the images of this cloud that this machine has built.

    Empty when images come from the operator's own registry, or when no engine runs here: then a host's own image of
    that name is what its containers should have.
    """
    names = {} if cloud.globals.images.registry else image_names(cloud)
    if not names:
        return {}
    try:
        client = docker.from_env(version="auto", timeout=10)
    except DockerException:
        return {}
    found = {}
    for reference, name in names.items():
        try:
            found[reference] = str(client.images.get(name).id)
        except ImageNotFound:
            continue
    return found


def image_names(cloud: Cloud) -> dict[str, str]:
    """What hosts call each image of this cloud, and what the build on the controller calls it."""
    return {
        cloud.image_reference(service, container): cloud.image_name(container.image or service.name)
        for service in cloud.services.values()
        for container in service.containers
    }


def plan_images(
    cloud: Cloud, host: str, desired: Mapping[str, DesiredService], observed: Observed, built: Mapping[str, str]
) -> list[Step]:
    """Images that must be copied to this host, or pushed into the registry that runs here, with causes."""
    if cloud.globals.images.registry:
        return []
    steps = []
    for name, service in desired.items():
        copied = {spec["image"] for spec in service.containers.values() if cloud.copied(cloud.services[name])}
        for image in sorted(copied & set(built)):
            if built[image] != observed["images"].get(image):
                steps.append(Step(host, name, "image", image, "copy", "not the image built here"))
    provider = cloud.provider("images")
    if provider and provider.name in desired:
        runs = observed["containers"].get(provider.containers[0].name, {}).get("status") == "running"
        for image, wanted in built.items():
            if image.startswith(f"{cloud.registry}/"):
                held = _held(image) if runs else None
                if held != wanted:
                    cause = f"the registry holds {short(held)}, not {short(wanted)}" if held else "not in the registry"
                    steps.append(Step(host, provider.name, "image", image, "push", cause))
    return steps


def absent(cloud: Cloud, desired: Iterable[DesiredService], observed: Observed, built: Mapping[str, str]) -> list[str]:
    """What a host has to fetch from a registry for these services, in their order."""
    wanted = [spec["image"] for service in desired for spec in service.containers.values()]
    held = observed["images"]
    return [
        image
        for image in dict.fromkeys(wanted)
        if cloud.registry
        and image.startswith(f"{cloud.registry}/")
        and (held.get(image) is None or built.get(image, held[image]) != held[image])
    ]


def _held(reference: str) -> str | None:
    """The id of the image that a registry holds under a reference: the digest of its configuration."""
    registry, name = reference.split("/", 1)
    name, tag = name.rsplit(":", 1)
    try:
        url = f"http://{registry}/v2/{name}/manifests/{tag}"
        answer = requests.get(url, headers={"Accept": _MANIFEST}, timeout=REGISTRY_SECONDS)
    except requests.RequestException:
        return None
    return str(answer.json()["config"]["digest"]) if answer.ok else None


def push(reference: str, name: str) -> None:
    """Push what the build calls `name` into the registry under `reference`. UserError with the engine's reason."""
    client = docker.from_env(version="auto", timeout=600)
    client.images.get(name).tag(reference)
    for line in client.api.push(reference, stream=True, decode=True):
        if "error" in line:
            hint = "`kolla-lite bootstrap` lets this machine's engine use the registry"
            raise UserError(f"image {reference} cannot be pushed: {line['error']}", hint=hint, exit_code=EXIT_FAILED)
