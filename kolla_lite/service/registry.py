"""All declared services, read from the roles' service.yml files and put in the order in which they start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

from kolla_lite import paths
from kolla_lite.errors import UserError, raise_all
from kolla_lite.service.declaration import Service
from kolla_lite.source import load, nearest, parse


def load_services(roles: Path = paths.ROLES) -> dict[str, Service]:
    """Every service declared below `roles`, by name, in start order.

    Raises UserError with the declaration's file and line when one is wrong.
    """
    found: dict[str, Service] = {}
    errors: list[UserError] = []
    for path in sorted(roles.glob("*/service.yml")):
        try:
            document = load(path)
            service = parse(Service, document)
            if service.name != path.parent.name:
                raise UserError(
                    f"the service is called {service.name!r} but its role is {path.parent.name!r}",
                    document.where("name"),
                    "give both the same name",
                )
            found[service.name] = service
        except UserError as error:
            errors.append(error)
    raise_all(errors)
    return {name: found[name] for name in start_order(found, roles)}


def start_order(services: Mapping[str, Service], roles: Path = paths.ROLES) -> Sequence[str]:
    """Names in start order: after what each needs, otherwise by name, what serves images to hosts first.

    Raises UserError as `start_levels` does.
    """
    return list(chain.from_iterable(start_levels(services, roles)))


def start_levels(services: Mapping[str, Service], roles: Path = paths.ROLES) -> list[list[str]]:
    """Names in start order, those together that need nothing of one another.

    Raises UserError for an unknown name or a circle.
    """
    for service in services.values():
        for needed in service.after:
            if needed not in services:
                document = load(roles / service.name / "service.yml")
                raise UserError(
                    f"{service.name} starts after {needed!r}, which is not declared",
                    document.where("after", service.after.index(needed)),
                    nearest(needed, services, "declared services"),
                )
    sorter = TopologicalSorter({name: services[name].after for name in sorted(services)})
    try:
        sorter.prepare()
    except CycleError as error:
        raise UserError(
            f"services wait for one another: {' → '.join(error.args[1])}", hint="remove one `after`"
        ) from None
    levels: list[list[str]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda name: (not _transferred(services[name]), name))
        levels.append(ready)
        sorter.done(*ready)
    return levels


def _transferred(service: Service) -> bool:
    return service.image is not None and service.image.transfer
