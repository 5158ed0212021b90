"""All mistakes of an operator's folder in one pass, before any host is touched."""

from __future__ import annotations

from pathlib import Path

from kolla_lite import paths
from kolla_lite.cloud import Cloud, load_cloud
from kolla_lite.deploy.desired import desired_service
from kolla_lite.errors import UserError, raise_all


def validated_cloud(directory: Path, roles: Path = paths.ROLES) -> Cloud:
    """Read a folder and render every configuration file of every host. Raises UserError(s) with all that is wrong."""
    cloud = load_cloud(directory, roles)
    raise_all(rendering_errors(cloud))
    return cloud


def validate_images(directory: Path, roles: Path = paths.ROLES) -> None:
    """Read what builds of images read in a folder: build.conf and docker/. Raises UserError(s) with what is wrong."""
    from kolla_lite.image.build import recipes_for  # a deployment does not load what builds need
    from kolla_lite.image.options import load_options

    recipes_for(load_options(directory), roles)


def rendering_errors(cloud: Cloud) -> list[UserError]:
    """What is wrong with templates and overrides; a mistake that shows on many hosts comes once."""
    errors: dict[str, UserError] = {}
    for host in cloud.hosts.values():
        for name, containers in cloud.services_on(host.name).items():
            for container in containers:
                try:
                    desired_service(cloud, cloud.services[name], host, [container])
                except UserError as error:
                    message = cloud.secrets.masked(error.message)  # it may quote what a template made of a secret
                    errors.setdefault(str(error), UserError(message, error.where, error.hint))
    return list(errors.values())
