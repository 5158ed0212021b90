"""What a host should hold: containers, jobs and files, as plain values made from a cloud. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kolla_lite.cloud import Cloud, secret_name
from kolla_lite.config.render import RenderedFile, render_file, render_text
from kolla_lite.config.settings import Storage
from kolla_lite.engine import utility
from kolla_lite.inventory.hosts import Host
from kolla_lite.service.declaration import ConfigFile, Container, Job, Service

CONFIG_ROOT = "/etc/kolla"
"""Folder on a host with one folder of configuration per container."""
CONFIG_FILES = "/var/lib/kolla/config_files"
"""Where the container contract expects that folder inside a container."""
GROUP = utility("contract").GROUP
"""The group of every service's account."""
HEALTH_INTERVAL_SECONDS = 15
HEALTH_TIMEOUT_SECONDS = 10
_PLACES = {"before": 0, "after": -1}
"""Which host of a container's group runs a job: hosts are changed in the group's order."""

Spec = Mapping[str, Any]
"""What a container is made from, as JSON: it is kept as a label on the container, and compared with the next run's."""


@dataclass(frozen=True)
class File:
    """A file on a host: `path` is below CONFIG_ROOT/<container>; `live` ones need no new container when they change.

    After a change of one with `reload` that signal is sent to the container, if the command `check` succeeds in it.
    """

    container: str
    path: str
    mode: str
    uid: int
    live: bool
    content: bytes = field(repr=False)
    reload: str | None = None
    check: str | None = None

    @property
    def sha256(self) -> str:
        """Digest of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class DesiredService:
    """One service on one host; `containers` and `jobs` map names to specs, `later` names the jobs that follow containers."""

    name: str
    containers: Mapping[str, Spec]
    jobs: Mapping[str, Spec]
    files: tuple[File, ...]
    later: frozenset[str] = frozenset()

    def jobs_of(self, phase: str) -> dict[str, Spec]:
        """The jobs before the containers, or after them; see `Job.phase`."""
        return {name: spec for name, spec in self.jobs.items() if (name in self.later) == (phase == "after")}


def desired_state(cloud: Cloud, host_name: str) -> dict[str, DesiredService]:
    """What a host should hold, by service in start order. UserError when a template or an override is wrong."""
    host = cloud.hosts[host_name]
    return {
        name: desired_service(cloud, cloud.services[name], host, containers)
        for name, containers in cloud.services_on(host_name).items()
    }


def desired_service(
    cloud: Cloud, service: Service, host: Host, containers: list[Container], during: str = "deploy"
) -> DesiredService:
    """One service on a host, with the jobs of one command; see `desired_state`."""
    specs: dict[str, Spec] = {}
    jobs: dict[str, Spec] = {}
    files: list[File] = []
    for container in containers:
        own = container_files(cloud, service, container, host)
        files += own
        specs[container.name] = container_spec(cloud, service, container, host, own)
        group = cloud.group(container.name)
        jobs |= {
            job_name(service, job): job_spec(specs[container.name], job, own)
            for job in service.jobs
            if job.container == container.name and job.during == during and host == group[_PLACES[job.phase]]
        }
    later = frozenset(job_name(service, job) for job in service.jobs if job.phase == "after")
    return DesiredService(service.name, specs, jobs, tuple(files), later)


def container_files(cloud: Cloud, service: Service, container: Container, host: Host) -> list[File]:
    """Every file that a container finds in its configuration folder, config.json first."""
    context = cloud.context(service, container, host)
    uid = container_uid(service, container)
    files: list[File] = []
    copied: list[ConfigFile] = []
    for declared in service.files_of(container):
        if declared.keyring:
            keys = cloud.secrets.keyring_files(secret_name(service, declared.keyring))
            files += [
                File(container.name, f"{declared.name}/{name}", declared.mode, uid, True, key.encode())
                for name, key in keys.items()
            ]
            continue
        rendered = rendered_file(cloud, service, container, declared, host)
        if rendered is None:
            continue
        live, wanted = declared.live or declared.reload is not None, (declared.reload, declared.check)
        files.append(File(container.name, declared.name, declared.mode, uid, live, rendered.content, *wanted))
        if declared.dest:
            copied.append(declared)
    command = render_text(container.command, f"{service.name}/service.yml: command of {container.name}", context)
    owner = "root" if container.root else service.user.name
    config = {
        "command": command,
        "config_files": [
            {"source": f"{CONFIG_FILES}/{file.name}", "dest": file.dest, "owner": owner, "perm": file.mode}
            for file in copied
        ],
    }
    content = json.dumps(config, indent=2).encode() + b"\n"
    return [File(container.name, "config.json", "0400", uid, False, content), *files]


def rendered_file(
    cloud: Cloud, service: Service, container: Container, declared: ConfigFile, host: Host
) -> RenderedFile | None:
    """One configuration file, no keyring, as a host should hold it; None when only an operator supplies it and did not."""
    return render_file(
        service,
        container,
        declared,
        host.name,
        context=cloud.context(service, container, host),
        layers=cloud.layers,
        templates=cloud.template_folders(service),
    )


def container_spec(cloud: Cloud, service: Service, container: Container, host: Host, files: list[File]) -> Spec:
    """What the container is made from; digests stand for the files."""
    context = cloud.context(service, container, host)
    health = container.health and render_text(
        container.health, f"{service.name}/service.yml: health of {container.name}", context
    )
    uid = container_uid(service, container)
    return {
        "service": service.name,
        "image": cloud.image_reference(service, container),
        "environment": {"KOLLA_CONFIG_STRATEGY": "COPY_ALWAYS", **container.environment},
        "volumes": [
            {"source": f"{CONFIG_ROOT}/{container.name}", "path": CONFIG_FILES, "read_only": True},
            *({"source": v.name, "path": v.path, "read_only": v.read_only} for v in container.volumes),
            *share_mounts(cloud.globals.storage, container),
        ],
        "tmpfs": {
            **dict.fromkeys(container.tmpfs, f"uid={uid},gid={uid},mode=0750"),
            # Nova finds that the share is mounted there when the folder around it is of another file system.
            **dict.fromkeys(
                container.shares if cloud.globals.storage.share else (), f"uid={uid},gid={GROUP},mode=0750"
            ),
        },
        "capabilities": sorted(container.capabilities),
        "user": "root" if container.root else None,
        "devices": list(container.devices),
        "devices_if_present": list(container.devices_if_present),
        "health": health
        and {
            "command": health,
            "interval": HEALTH_INTERVAL_SECONDS,
            "timeout": HEALTH_TIMEOUT_SECONDS,
            "start": container.start_seconds,
        },
        "stop_seconds": container.stop_seconds,
        "logs": {"max-size": f"{cloud.globals.logs.max_size_mb}m", "max-file": str(cloud.globals.logs.max_files)},
        "config": {file.path: file.sha256 for file in files if not file.live},
    }


def share_mounts(storage: Storage, container: Container) -> Iterator[dict[str, Any]]:
    """How a container gets the share that volumes are files in; a server's, as a volume that the engine mounts."""
    if storage.share:
        source = f"share_{storage.mount_point}" if storage.server else storage.share
        for folder in container.shares:
            path = f"{folder}/{storage.mount_point}"
            yield {"source": source, "path": path, "read_only": False, "share": storage.share}


def container_uid(service: Service, container: Container) -> int:
    """Whose files and memory-backed folders a container's are."""
    return 0 if container.root else service.user.uid


def job_name(service: Service, job: Job) -> str:
    """The name of a job's one-shot container."""
    return f"{service.name}_{job.name}"


def job_spec(container: Spec, job: Job, files: list[File]) -> Spec:
    """A one-shot container like its container, without health, with only its own inputs' digests."""
    return {
        **container,
        "command": f"kolla_set_configs && {{ {job.command}; }}",
        "health": None,
        "config": {file.path: file.sha256 for file in files if file.path in job.inputs},
    }
