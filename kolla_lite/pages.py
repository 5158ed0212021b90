"""A page for each declared service, made from its declaration: as Markdown, and as text for a terminal. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from kolla_lite.config.layers import places
from kolla_lite.config.reference import cell
from kolla_lite.deploy.desired import CONFIG_FILES, job_name
from kolla_lite.image.lock import requirements_of
from kolla_lite.image.render import images_of, run_packages
from kolla_lite.service.declaration import PROFILES, ConfigFile, Container, Endpoint, Job, Service

INDEX = "index"
"""The name of the page that lists the others."""
WIDTH = 96
Row = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A heading, a sentence, and rows: of a table when there are `columns`, else facts of a label and what is to say.

    Everything is Markdown. The first section of a page is the page's own.
    """

    title: str
    rows: list[Row] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    text: str = ""


def pages(services: Mapping[str, Service]) -> dict[str, list[Section]]:
    """The sections of every page by its name, the index first."""
    return {INDEX: index(services.values())} | {name: page(service) for name, service in services.items()}


def index(services: Iterable[Service]) -> list[Section]:
    """All services in the order given, and which containers have more than an ordinary process."""
    listed: list[Row] = []
    privileged: list[Row] = []
    for service in services:
        ports = ", ".join(str(endpoint.port) for endpoint in service.endpoints)
        listed.append((_link(service.name), service.profile, ports, service.description))
        privileged += _privileged(service)
    return [
        _table(
            "Services", ("Service", "From profile", "API ports", "What it is"), listed, "In the order of their start."
        ),
        _table(
            "What may do what",
            ("Container", "Runs as", "Capabilities", "Devices", "For"),
            privileged,
            "No container is privileged. All others run as their service's user, without any capability or device.",
        ),
    ]


def _privileged(service: Service) -> Iterator[Row]:
    for container in service.containers:
        powers = _powers(container)
        if container.root or any(powers):
            account = "root" if container.root else service.user.name
            yield f"{_code(container.name)} of {_link(service.name)}", account, *powers, container.reason


def page(service: Service) -> list[Section]:
    """Everything that a declaration says, and the commands that look at the service."""
    found = [
        Section(service.name, list(_facts(service)), text=service.description),
        _table(
            "Endpoints",
            ("Name", "Type", "Port", "Path", "Health", "Served by"),
            [_endpoint(endpoint) for endpoint in service.endpoints],
        ),
        _table(
            "Secrets",
            ("Name in passwords.yml", "Kind", "What it is"),
            [(_code(name), secret.kind, secret.description) for name, secret in service.all_secrets().items()],
        ),
        _table(
            "Configuration files",
            ("File", "In the container", "Kind", "A change", "Overridden below config/ by, weakest first"),
            [_config_file(service, file) for file in _files(service)],
        ),
        Section("Known options", [(_code(f.name), _codes(f.namespaces)) for f in service.config if f.namespaces],
                text="Refused is an option that no namespace has."),
        *(Section(f"Container {_code(each.name)}", list(_container(service, each))) for each in service.containers),
        _table(
            "Jobs",
            ("Name", "Command", "In", "When", "Again after a change of"),
            [_job(service, job) for job in service.jobs],
        ),
        Section("Look at it", list(_commands(service))),
    ]  # fmt: skip
    return [section for section in found if section.rows]


def _facts(service: Service) -> Iterator[tuple[str, str]]:
    name, user, image = _code(service.name), service.user, service.image
    yield "Profiles", ", ".join(PROFILES[PROFILES.index(service.profile) :]) + _SWITCHED[service.enabled]
    yield "Starts after", ", ".join(map(_link, service.after)) or "nothing"
    yield "Account", f"{_code(user.name)}, uid and gid {user.uid}"
    yield "Images", _codes(sorted(images_of(service)))
    yield "Python distributions", _codes(requirements_of(image))
    yield "Debian packages", _codes(run_packages(service)) if image else ""
    yield "Debian packages of the build", _codes(image.packages.build) if image else ""
    yield "Debian's Python modules", _codes(image.system_modules) if image else ""
    yield "Provides", f"{service.provides}, to all other services" if service.provides else ""
    yield "Databases", f"{_codes(service.databases)}, for user {name}" if service.databases else ""
    yield "Message queue", f"user {name}" if service.queue else ""
    roles = {"service": "role `service`", "admin": "roles `service` and `admin`", None: ""}[service.identity]
    yield "Keystone", f"user {name} in project `service`, with {roles}" if roles else ""
    domain = f"{_code(service.domain or '')}, administered by {_code(service.domain_admin)}"
    yield "Keystone domain", domain if service.domain else ""
    yield "Keystone roles for users", _codes(service.roles)
    yield "Declared in", _code(f"ansible/roles/{service.name}/service.yml")


_SWITCHED: Mapping[bool | str, str] = {
    True: "",
    False: "; only where `services` in globals.yml says so",
    "multi-host": "; with more than one host",
}


def _endpoint(endpoint: Endpoint) -> Row:
    served = f"{_code(endpoint.container)} at port {endpoint.backend_port}"
    kind = endpoint.type or "not in the catalogue"
    return endpoint.name, kind, str(endpoint.port), _code(endpoint.path), _code(endpoint.health), served


def _files(service: Service) -> list[ConfigFile]:
    """Every file that a container gets, once."""
    found = {file.name: file for container in service.containers for file in service.files_of(container)}
    return list(found.values())


def _config_file(service: Service, file: ConfigFile) -> Row:
    users = [container for container in service.containers if file in service.files_of(container)]
    overrides = dict.fromkeys(chain(*zip(*(places(service, each, file, "HOST") for each in users), strict=True)))
    kind = f"keys of {_code(file.keyring)}" if file.keyring else file.format
    kind += ", only an operator's" if file.template == "none" else ""
    change = "recreates containers"
    if file.reload or file.live:
        change = f"is reloaded by {file.reload}" if file.reload else "is read while it runs"
    return _code(file.name), _code(file.dest or f"{CONFIG_FILES}/{file.name}"), kind, change, _codes(overrides)


def _container(service: Service, container: Container) -> Iterator[tuple[str, str]]:
    files = [file.name for file in service.files_of(container)]
    volumes = [f"{_code(v.name)} at {_code(v.path)}{', read-only' if v.read_only else ''}" for v in container.volumes]
    capabilities, devices = _powers(container)
    yield "Placed on", str(container.place)
    yield "Image", _code(container.image or service.name)
    yield "Runs", f"{_code(container.wsgi)} in uWSGI" if container.wsgi else _code(container.command)
    yield "As", "root, with no capability but those named" if container.root else _code(service.user.name)
    yield "Capabilities", capabilities or "none"
    yield "Devices", devices
    yield "What for", container.reason
    yield "Serves files", ", ".join(f"{_code(folder)} at {_code(url)}" for url, folder in container.static.items())
    yield "Configuration", _codes(files) if files != [file.name for file in _files(service)] else ""
    yield "Environment", _codes(f"{name}={value}" for name, value in container.environment.items())
    yield "Volumes", ", ".join(volumes)
    yield (
        "Shared storage",
        f"`storage.share` of globals.yml, below {_codes(container.shares)}" if container.shares else "",
    )
    yield "In memory", _codes(container.tmpfs)
    yield "Listens on TCP", ", ".join(map(str, container.ports))
    yield "Healthy when", f"{_code(container.health)} succeeds" if container.health else "it runs"
    yield "Given time", f"{container.start_seconds} s to get healthy, {container.stop_seconds} s to stop"
    disk = f", {container.disk_mb} MiB of disk" if container.disk_mb else ""
    yield "Needs", f"{container.memory_mb} MiB of memory{disk}"


def _powers(container: Container) -> tuple[str, str]:
    """Capabilities and devices."""
    present = [f"{_code(device)} if there" for device in container.devices_if_present]
    return ", ".join(container.capabilities), ", ".join([*map(_code, container.devices), *present])


def _job(service: Service, job: Job) -> Row:
    when = f"{job.during}, {job.phase} the containers" if job.during == "deploy" else job.during
    return _code(job_name(service, job)), _code(job.command), _code(job.container), when, _codes(job.inputs)


def _commands(service: Service) -> Iterator[tuple[str, str]]:
    name = service.name
    yield f"`kolla-lite check {name}`", "how it is, asked now"
    yield f"`kolla-lite inventory --explain {name}`", "which hosts run it, and why"
    if service.config:
        yield f"`kolla-lite config show {name}`", "what it is configured with, and which file and line says so"
    yield f"`kolla-lite plan {name}`", "what a deployment would change, and why"
    for container in service.containers:
        yield f"`kolla-lite logs {container.name}`", "what it printed"
    yield f"`kolla-lite exec {service.containers[0].name}`", "a shell in it"
    if any(secret.kind == "keyring" for secret in service.secrets.values()):
        yield f"`kolla-lite rotate {name}`", "new keys"


def _table(title: str, columns: tuple[str, ...], rows: list[Row], text: str = "") -> Section:
    """A section without the columns in which no row has anything."""
    used = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    return Section(title, [tuple(row[i] for i in used) for row in rows], tuple(columns[i] for i in used), text)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))


def _link(name: str) -> str:
    return f"[{name}]({name}.md)"


def as_markdown(sections: Iterable[Section]) -> str:
    """A page of Markdown; it links to others in its folder."""
    blocks: list[str] = []
    for section in sections:
        blocks.append(f"{'##' if blocks else '#'} {section.title}")
        blocks += [section.text] if section.text else []
        if section.columns:
            lines = [f"| {' | '.join(map(cell, line))} |" for line in (section.columns, *section.rows)]
            blocks.append("\n".join([lines[0], f"|{'-|' * len(section.columns)}", *lines[1:]]))
        else:
            blocks.append("\n".join(f"- {label}: {value}" for label, value in section.rows if value))
    return "\n\n".join(blocks) + "\n"


def as_text(sections: Iterable[Section]) -> str:
    """The same for a terminal: what stands in a row of a table is below its first column."""
    blocks = []
    for section in sections:
        lines = [_plain(section.title), *([_plain(section.text)] if section.text else [])]
        for first, *rest in section.rows:
            if section.columns:
                cells = zip(section.columns[1:], rest, strict=True)
                lines.append(f"  {_plain(first)}")
                lines += _wrapped("; ".join(f"{column}: {value}" for column, value in cells if value), "    ")
            elif rest[0]:
                lines += _wrapped(f"{first}: {rest[0]}", "  ")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        _plain(text), WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _plain(markdown: str) -> str:
    """Without the marks of code and links."""
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", markdown.replace("`", ""))
