"""What would change on a host, and why: desired state held against observed state. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kolla_lite.deploy.desired import CONFIG_ROOT, DesiredService, File, Spec
from kolla_lite.errors import Location, UserError

RELOAD = "reload"
"""The action of a container that reads a changed file again and goes on."""
Observed = Mapping[str, Any]
"""What module `observe` returns: containers, images, files and facts of one host."""


@dataclass(frozen=True)
class Step:
    """One change on one host. `kind` is file, container, image, job or resource.

    `interrupts` is what users of the cloud miss meanwhile, `diff` a file's unified difference without secrets, when
    it was asked for.
    """

    host: str
    service: str
    kind: str
    name: str
    action: str
    cause: str
    interrupts: str = "nothing"
    diff: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.name}: {self.cause}"

    def as_dict(self) -> dict[str, str]:
        """For JSON and for Ansible facts."""
        return {key: value for key, value in asdict(self).items() if key != "diff" or value}


def plan_host(
    host: str, desired: Mapping[str, DesiredService], observed: Observed, images: Mapping[str, str]
) -> list[Step]:
    """The steps that bring a host from observed to desired, in the order in which services start.

    `images` maps image references to the ids they should have; a reference not in it is good as it is on the host.
    Raises UserError when a container that is not ours stands in the way.
    """
    steps: list[Step] = []
    for service in desired.values():
        drifted = {file.container: file.path for file in service.files if _edited(file, service, observed)}
        steps += [
            Step(host, service.name, "file", f"{CONFIG_ROOT}/{path}", *why) for path, *why in _files(service, observed)
        ]
        steps += _jobs(host, service, "before", observed, images)
        for name, spec in service.containers.items():
            found = observed["containers"].get(name)
            change = _container_change(host, name, spec, found, _wanted_id(spec, observed, images), drifted.get(name))
            if change is None and (cause := _reload_cause(name, service.files, observed)):
                change = (RELOAD, cause)
            if change:
                steps.append(Step(host, service.name, "container", name, *change))
        steps += _jobs(host, service, "after", observed, images)
    return steps + list(_removals(host, desired, observed))


def _jobs(
    host: str, service: DesiredService, phase: str, observed: Observed, images: Mapping[str, str]
) -> Iterator[Step]:
    for name, spec in service.jobs_of(phase).items():
        cause = _job_cause(spec, observed["containers"].get(name), _wanted_id(spec, observed, images))
        if cause:
            yield Step(host, service.name, "job", name, "run", cause)


def _wanted_id(spec: Spec, observed: Observed, images: Mapping[str, str]) -> str | None:
    return images.get(spec["image"]) or observed["images"].get(spec["image"])


def _files(service: DesiredService, observed: Observed) -> Iterator[tuple[str, str, str]]:
    for file in service.files:
        name = f"{file.container}/{file.path}"
        found = observed["files"].get(file.container, {}).get(file.path)
        if found is None:
            yield name, "create", "not there"
        elif found["sha256"] != file.sha256:
            yield name, "write", "edited on the host" if _edited(file, service, observed) else "content changed"
        elif (found["mode"], found["uid"]) != (file.mode, file.uid):
            yield name, "write", f"mode or owner is {found['mode']} {found['uid']}, not {file.mode} {file.uid}"
    wanted = {(file.container, file.path) for file in service.files}
    for container in service.containers:
        for path in sorted(observed["files"].get(container, {})):
            if (container, path) not in wanted:
                yield f"{container}/{path}", "remove", "no longer declared"


def _edited(file: File, service: DesiredService, observed: Observed) -> bool:
    """Whether somebody changed the file behind the running container's back."""
    found = observed["files"].get(file.container, {}).get(file.path)
    running = observed["containers"].get(file.container)
    if found is None or running is None or not running["spec"] or file.live:
        return False
    return bool(found["sha256"] != file.sha256 and running["spec"]["config"].get(file.path) == file.sha256)


def _container_change(
    host: str, name: str, spec: Spec, found: Mapping[str, Any] | None, image_id: str | None, drifted: str | None
) -> tuple[str, str] | None:
    if found is None:
        return "create", "not there"
    if found["spec"] is None:
        raise UserError(
            f"a container named {name} is in the way: kolla-lite did not create it",
            Location(host),
            f"docker rename {name} {name}-other, or remove it",
        )
    causes = spec_differences(found["spec"], spec)
    if image_id and found["image_id"] != image_id:
        causes.append(f"image changed from {short(found['image_id'])} to {short(image_id)}")
    if drifted:
        causes.append(f"{drifted} was edited on the host")
    if causes:
        return "recreate", "; ".join(causes)
    if found["status"] != "running":
        return "start", f"{found['status']} with exit code {found['exit_code']}"
    if found["health"] not in (None, "healthy"):
        return "wait", "not healthy yet" if found["health"] == "starting" else "not healthy"
    return None


def _reload_cause(name: str, files: tuple[File, ...], observed: Observed) -> str | None:
    found = observed["files"].get(name, {})
    own = [file for file in files if file.container == name and file.reload]
    changed = [file.path for file in own if found.get(file.path, {}).get("sha256") != file.sha256]
    return f"{', '.join(changed)} changed" if changed else None


def _job_cause(spec: Spec, found: Mapping[str, Any] | None, image_id: str | None) -> str | None:
    if found is None or found["spec"] is None:
        return "has not run"
    if found["status"] != "exited" or found["exit_code"] != 0:
        return "did not finish" if found["status"] != "exited" else f"failed with exit code {found['exit_code']}"
    changed = [
        f"{path} changed" for path in spec["config"] if found["spec"]["config"].get(path) != spec["config"][path]
    ]
    if found["spec"]["command"] != spec["command"]:
        changed.append("command changed")
    if image_id and found["image_id"] != image_id:
        changed.append("image changed")
    return "; ".join(changed) or None


def _removals(host: str, desired: Mapping[str, DesiredService], observed: Observed) -> Iterator[Step]:
    wanted = {name for service in desired.values() for name in (*service.containers, *service.jobs)}
    for name, found in sorted(observed["containers"].items()):
        if found["spec"] is not None and name not in wanted:
            service = found["spec"]["service"]
            cause = "no longer declared" if service in desired else f"{service} is not on this host any more"
            for path in sorted(observed["files"].get(name, {})):
                yield Step(host, service, "file", f"{CONFIG_ROOT}/{name}/{path}", "remove", cause)
            yield Step(host, service, "container", name, "remove", cause)


_NOUNS = {
    "config": "",
    "environment": "environment variable ",
    "volumes": "volume at ",
    "tmpfs": "memory-backed folder ",
    "capabilities": "capability ",
    "devices": "device ",
    "devices_if_present": "device ",
    "health": "health check's ",
    "logs": "log's ",
}
"""What the parts of a spec that hold several things call one of them."""


def spec_differences(old: Spec, new: Spec) -> list[str]:
    """What differs between two specs, a sentence each: the causes of a recreation."""
    causes: list[str] = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key in _NOUNS:
            causes += _part_causes(key, _parts(before or {}), _parts(after or {}))
        else:
            causes.append(f"{key} changed from {before} to {after}")
    return causes


def _parts(value: Any) -> dict[str, str]:
    """The things in a part of a spec by name, as people may read them."""
    if isinstance(value, Mapping):
        return {name: str(part) for name, part in value.items()}
    volumes = [part for part in value if isinstance(part, Mapping)]
    named = {volume["path"]: f"{volume['source']}{', read-only' if volume['read_only'] else ''}" for volume in volumes}
    return named or dict.fromkeys(value, "")


def _part_causes(key: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        # Digests of files tell people nothing.
        old, new = (None if key == "config" else part.get(name) for part in (before, after))
        if name not in before:
            yield f"{_NOUNS[key]}{name} is new" + (f": {new}" if new else "")
        elif name not in after:
            yield f"{_NOUNS[key]}{name} is gone" + (f", was {old}" if old else "")
        elif before[name] != after[name]:
            yield f"{_NOUNS[key]}{name} changed" + (f" from {old} to {new}" if new else "")


def short(image_id: str) -> str:
    """An image id as people read it."""
    return image_id.removeprefix("sha256:")[:12]
