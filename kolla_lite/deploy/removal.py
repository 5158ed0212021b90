"""Services that are off go from hosts only when somebody agreed: what would go, the refusal, and the question. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.plan import Step
from kolla_lite.errors import Location, UserError, UserErrors, raise_all

EVERY_SERVICE = ("all",)
"""In place of names of services: whichever are off may go."""
Done = TypeVar("Done")
Ask = Callable[[str], bool]
"""Puts a question to somebody: whether there is anybody, who then agreed."""


class RemovalRefused(UserError):
    """Nobody agreed that a service goes from a host; `going` is what of it: containers, and its part of the catalogue."""

    def __init__(self, message: str, where: Location, hint: str, service: str, going: Sequence[str]) -> None:
        super().__init__(message, where, hint)
        self.service = service
        self.going = going

    def as_dicts(self) -> list[dict[str, object]]:
        return [{**entry, "service": self.service, "going": list(self.going)} for entry in super().as_dicts()]

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> RemovalRefused:
        return cls(entry["message"], Location(entry["file"]), entry["remedy"], entry["service"], entry["going"])


def removals(cloud: Cloud, steps: Iterable[Step]) -> dict[str, list[str]]:
    """What these steps take away of services that are off, by service. One that only leaves a host is not among them."""
    owner = {endpoint.name: name for name, service in cloud.declared.items() for endpoint in service.endpoints}
    found: dict[str, list[str]] = {}
    for step in steps:
        if step.action != "remove" or step.kind == "file":  # files go with their containers
            continue
        catalogue = step.kind == "resource"  # named after what it is and the endpoint's name
        service = owner.get(step.name.split()[1], step.service) if catalogue else step.service
        if service not in cloud.services:
            found.setdefault(service, []).append(step.name if catalogue else f"{step.kind} {step.name}")
    return found


def refuse_removals(cloud: Cloud, host: str, steps: Iterable[Step], removable: Sequence[str]) -> None:
    """Raise RemovalRefused for each service that would go from the host, unless `removable` has it, or is EVERY_SERVICE."""
    errors = []
    for service, going in removals(cloud, steps).items():
        if {service, *EVERY_SERVICE} & set(removable):
            continue
        keep = f", or keep it with `services: {{{service}: true}}` in globals.yml" if service in cloud.declared else ""
        message = f"{service} is off, and would be removed: {', '.join(going)}"
        hint = f"see `kolla-lite plan`; agree with --yes (plain Ansible: -e plan_removable={service}){keep}"
        errors.append(RemovalRefused(message, Location(host), hint, service, going))
    raise_all(errors)


def question(refused: Sequence[RemovalRefused]) -> str:
    """What is asked before these services go."""
    lines = [f"  {error.service} on {error.where}: {', '.join(error.going)}" for error in refused]
    kept = "Volumes, databases and users stay: a service that is switched on again finds its data."
    return "\n".join(["Services that are off would be removed:", *lines, kept, "Remove them?"])


def with_consent(attempt: Callable[[Sequence[str]], Done], ask: Ask, removable: Sequence[str] = ()) -> Done:
    """What `attempt` does, given the services that may go; where that refuses them alone, again once `ask` agreed.

    Agreed is to the services that were asked about, and no other. Whatever else `attempt` raises is raised.
    """
    try:
        return attempt(removable)
    except UserError as error:
        errors = error.errors if isinstance(error, UserErrors) else [error]
        refused = [one for one in errors if isinstance(one, RemovalRefused)]
        if len(refused) < len(errors) or not ask(question(refused)):
            raise
    return attempt(sorted({one.service for one in refused}))
