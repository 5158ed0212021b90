"""A plan as a document: kept, read again, and held against what is true later. Pure but for reading and writing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kolla_lite import paths
from kolla_lite.config.folder import input_files
from kolla_lite.config.secrets import write_private
from kolla_lite.deploy.desired import CONFIG_ROOT, DesiredService
from kolla_lite.deploy.plan import Observed
from kolla_lite.errors import Location, UserError, raise_all
from kolla_lite.source import read_text

VERSION = 1
_AGAIN = "make a new plan with `kolla-lite plan --out FILE`, read it, and deploy that"


@dataclass(frozen=True)
class PlanFile:
    """A plan that somebody approved.

    `services` and `limit`: what it was asked for. `inputs`: digests by file. `hosts`: for each host the digests of
    all that the plan depends on, by name. `steps`: as `Step.as_dict` gives them.
    """

    services: Sequence[str]
    limit: str | None
    inputs: Mapping[str, str]
    hosts: Mapping[str, Mapping[str, str]]
    steps: Sequence[Mapping[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """The document, as `--json` prints it and `--out` writes it."""
        return {
            "version": VERSION,
            "services": list(self.services),
            "limit": self.limit,
            "inputs": dict(self.inputs),
            "hosts": {host: dict(found) for host, found in self.hosts.items()},
            "steps": [dict(step) for step in self.steps],
        }

    def write(self, path: Path) -> None:
        """Keep it, mode 0600: names and causes tell of a cloud what is not for everybody."""
        write_private(path, json.dumps(self.as_dict(), indent=2) + "\n")

    def refuse_changed_inputs(self, directory: Path) -> None:
        """Raise UserErrors for each of the operator's files, and for a kolla-lite, that is not what was planned with."""
        raise_all(
            [
                UserError(f"{what} since the plan was made", Location(where), _AGAIN)
                for where, what in _moved(self.inputs, inputs_of(directory))
            ]
        )

    def refuse_moved_host(self, host: str, steps: Sequence[Mapping[str, str]], observed: Mapping[str, str]) -> None:
        """Raise UserErrors for each difference between the host now and when the plan was made."""
        planned = [step for step in self.steps if step["host"] == host]
        gone = [f"no longer to be done: {_told(step)}" for step in planned if _told(step) not in map(_told, steps)]
        new = [f"not in the plan: {_told(step)}" for step in steps if _told(step) not in map(_told, planned)]
        moved = [
            f"{where} {what} since the plan was made" for where, what in _moved(self.hosts.get(host, {}), observed)
        ]
        raise_all([UserError(text, Location(host), _AGAIN) for text in (*gone, *new, *moved)])


def read_plan(path: Path) -> PlanFile:
    """Read a kept plan. UserError when it is none, or of another version."""
    try:
        found = json.loads(read_text(path))
        if found["version"] != VERSION:
            raise UserError(f"a plan of version {found['version']}, not {VERSION}", Location(str(path)), _AGAIN)
        return PlanFile(found["services"], found["limit"], found["inputs"], found["hosts"], found["steps"])
    except (ValueError, KeyError, TypeError):
        raise UserError("this is not a plan", Location(str(path)), _AGAIN) from None


def inputs_of(directory: Path) -> dict[str, str]:
    """Digests of what decides a deployment: each of the operator's files, and the declarations and templates together.

    passwords.yml is no exception: with its random keys nobody finds a password in it by trying.
    """
    digests = {str(path): _digest(path.read_bytes()) for path in input_files(directory)}
    shipped = sorted(path for path in paths.ROLES.rglob("*") if path.is_file())
    parts = [(str(path.relative_to(paths.ROLES)), _digest(path.read_bytes())) for path in shipped]
    return {**digests, "kolla-lite": _digest(json.dumps(parts).encode())}


def fingerprint(
    desired: Mapping[str, DesiredService], observed: Observed, images: Mapping[str, str], services: Collection[str]
) -> dict[str, str]:
    """Digests of all on a host that a plan for these services, or without any for all, depends on; by name."""
    owner = {name: found["spec"]["service"] for name, found in observed["containers"].items() if found["spec"]}
    owner |= {container: service.name for service in desired.values() for container in service.containers}
    chosen = {name for name, service in owner.items() if not services or service in services}
    items: dict[str, Any] = {
        f"container {name}": [found[key] for key in ("image_id", "spec", "status", "exit_code")]
        for name, found in observed["containers"].items()
        if name in chosen
    }
    for container in chosen & observed["files"].keys():
        for path, found in observed["files"][container].items():
            items[f"file {CONFIG_ROOT}/{container}/{path}"] = found
    specs = (spec for service in desired.values() for spec in service.containers.items())
    wanted = {spec["image"] for name, spec in specs if name in chosen}
    items |= {f"image {name}": [observed["images"].get(name), images.get(name)] for name in wanted}
    items["databases, queue users and catalogue"] = observed.get("resources")
    return {name: _digest(json.dumps(item, sort_keys=True).encode()) for name, item in sorted(items.items())}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _told(step: Mapping[str, str]) -> str:
    return f"{step['action']} {step['kind']} {step['name']}: {step['cause']}"


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted({*before, *after}):
        if name not in before:
            yield name, "is new"
        elif name not in after:
            yield name, "is gone"
        elif before[name] != after[name]:
            yield name, "changed"
