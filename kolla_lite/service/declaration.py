"""What a service is: the schema of ansible/roles/<service>/service.yml.

The models are validator, manual and example at once: descriptions and examples here become the reference in docs/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from kolla_lite.service.defaults import BACKEND_PORT_OFFSET, WSGI_FILE, with_defaults, wsgi_path
from kolla_lite.source import Model

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Mode = Annotated[str, StringConstraints(pattern=r"^0[0-7]{3}$")]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/")]
Role = Literal["control", "network", "compute", "storage"]
Profile = Literal["minimal", "compute", "full"]
PROFILES: tuple[Profile, ...] = get_args(Profile)
"""From the smallest to the largest."""


class User(Model):
    """The account that a service's processes run as, the same in the image and on files on the host."""

    name: Name = Field(description="Account and group name inside the image.", examples=["keystone"])
    uid: int = Field(ge=1, description="Fixed user and group id; Kolla's published number where it has one.")


class Packages(Model):
    """Debian packages of an image."""

    run: list[str] = Field(default=[], description="Installed in the final image.")
    build: list[str] = Field(default=[], description="Installed only where the virtualenv is built.")


class Image(Model):
    """What the service's image holds. Without it the service has no image of its own."""

    distribution: str | None = Field(
        default=None, description="PyPI distribution installed into the virtualenv.", examples=["keystone"]
    )
    extras: list[str] = Field(default=[], description="Extras of the distribution.", examples=[["memcache_pool"]])
    distributions: list[str] = Field(default=[], description="Further PyPI distributions.", examples=[["PyMySQL"]])
    packages: Packages = Field(default=Packages(), description="Debian packages.")
    parent: Name | None = Field(
        default=None, description="The image that this one builds on; openstack-base with a distribution, else base."
    )
    system_modules: list[str] = Field(
        default=[],
        description="Modules of Debian's Python packages that the virtualenv sees, by file name or pattern.",
        examples=[["rados*", "rbd*"]],
    )
    transfer: bool = Field(
        default=False,
        description="Copied from the controller straight to hosts: for what runs before the registry does.",
    )


class Endpoint(Model):
    """An HTTP API that clients reach through haproxy."""

    name: Name = Field(default="", description="What haproxy and the catalogue call it; the service's name by default.")
    type: Name | None = Field(
        default=None, description="Catalogue type; none keeps it out of the catalogue.", examples=["identity"]
    )
    port: Port = Field(description="The port clients use.")
    path: str = Field(default="", description="Path of the API's root in the catalogue's URL.", examples=["/v3"])
    health: str = Field(default="/healthcheck", description="Path that haproxy polls for a 2xx or 3xx answer.")
    container: Name = Field(default="", description="The container that serves it; the first by default.")

    @property
    def backend_port(self) -> int:
        """The port that the service itself listens on, behind haproxy."""
        return self.port + BACKEND_PORT_OFFSET


class Place(Model):
    """Where a container runs."""

    role: Role | list[Role] = Field(
        description="The hosts.yml role whose hosts are candidates; of several, any.", examples=[["network", "compute"]]
    )
    count: int | None = Field(
        default=None, ge=1, description="At most this many of them, spread over zones; all without it."
    )

    @property
    def roles(self) -> list[Role]:
        """The roles, of which a candidate has one or more."""
        return self.role if isinstance(self.role, list) else [self.role]

    def __str__(self) -> str:
        hosts = f"hosts with role {' or '.join(self.roles)}"
        return f"all {hosts}" if self.count is None else f"up to {self.count} of the {hosts}"


class Secret(Model):
    """A generated secret, kept in passwords.yml under its name."""

    kind: Literal["password", "uuid", "cephx", "fernet", "keyring"] = Field(
        default="password",
        description="password: one random string. uuid: one random UUID. cephx: one key as Ceph writes it. fernet: one "
        "Fernet key. keyring: a list of Fernet keys with their age, rotated by `kolla-lite rotate`.",
    )
    description: str = Field(default="", description="What it opens.")
    lifetime_hours: int | None = Field(
        default=None,
        ge=1,
        description="Keyrings: how long what a key sealed can be valid, in hours; a key is dropped that long after its "
        "last use for sealing, and never without it.",
    )


class ConfigFile(Model):
    """One configuration file of a container."""

    name: str = Field(
        description="File name on the host, in config_files/ of the container; also what override files are called."
    )
    template: str | None = Field(
        default=None,
        description="Jinja template in the role's templates/; NAME.j2 by default. `none` for a file only an operator supplies.",
    )
    dest: AbsolutePath | None = Field(
        default=None, description="Where kolla_set_configs puts it; without, it is read where it is mounted, live."
    )
    base: list[Name] = Field(
        default=[],
        description="Ini files: templates of role `service`, by name without `.conf.j2`, whose options lie under its own.",
        examples=[["log", "database"]],
    )
    format: Literal["ini", "text"] = Field(
        default="text",
        description="ini files merge with override files option by option, text files are replaced whole.",
    )
    mode: Mode = Field(default="0400", description="Permissions; the owner is the service's user.")
    live: bool = Field(
        default=False, description="Running processes pick up a change: no container is recreated for it."
    )
    reload: Literal["HUP", "USR1", "USR2"] | None = Field(
        default=None, description="The signal that makes the running process read it again; then it is live."
    )
    check: str | None = Field(
        default=None,
        description="With reload: a command in the container that must accept the new file first, or the old one is put back.",
        examples=["haproxy -c -f /var/lib/kolla/config_files/haproxy.cfg"],
    )
    keyring: Name | None = Field(
        default=None, description="Instead of a template: a folder holding the keys of this keyring secret as 0, 1, 2 …"
    )
    namespaces: list[str] = Field(
        default=[],
        description="Ini files of oslo.config: the option namespaces that the service's own config-generator names. An "
        "option that none of them has, or a value that is none of its option's, is refused before the file is written.",
        examples=[["keystone", "oslo.log"]],
    )
    sections: dict[str, list[str]] = Field(
        default={},
        description="With namespaces: sections that no namespace names in full, and groups whose options they take too.",
        examples=[{"rbd": ["backend_defaults"]}],
    )


class Volume(Model):
    """A named volume, or a path of the host."""

    name: str = Field(description="Volume name, or an absolute path of the host.", examples=["mariadb", "/run/netns"])
    path: AbsolutePath = Field(description="Where it is mounted.")
    read_only: bool = Field(default=False)


class Container(Model):
    """One container of a service on a host."""

    name: Name = Field(description="Container name, and the name of its group in the inventory.")
    image: Name | None = Field(default=None, description="Image name; the service's by default.")
    place: Place
    command: str = Field(
        default="",
        description="What runs, as in config.json of the container contract; a Jinja template like configuration files.",
    )
    wsgi: str | None = Field(
        default=None,
        description="Instead of a command: the WSGI application that uWSGI serves at the container's endpoint. Its "
        "configuration, port and health check come of themselves.",
        examples=["glance.wsgi.api:application"],
    )
    static: dict[AbsolutePath, AbsolutePath] = Field(
        default={},
        description="With wsgi: folders of files that uWSGI serves itself, by their path in URLs.",
        examples=[{"/static": "/var/lib/kolla/venv/static"}],
    )
    root: bool = Field(
        default=False,
        description="Its processes are root's, for the kernel gives capabilities to nobody else; they have only those named.",
    )
    reason: str = Field(default="", description="What it is root for, or has capabilities for; a sentence.")
    config: list[str] | None = Field(
        default=None, description="Names of the service's configuration files it gets; all by default."
    )
    volumes: list[Volume] = Field(default=[])
    shares: list[AbsolutePath] = Field(
        default=[], description="Folders in which `storage.share` of globals.yml is mounted, when there is one."
    )
    tmpfs: list[AbsolutePath] = Field(default=[], description="Paths that are memory-backed and empty at each start.")
    capabilities: list[str] = Field(
        default=[], description="Linux capabilities; all others are dropped.", examples=[["NET_ADMIN"]]
    )
    devices: list[AbsolutePath] = Field(default=[], description="Devices of the host.")
    devices_if_present: list[AbsolutePath] = Field(
        default=[], description="Devices of the host that it can do without.", examples=[["/dev/kvm"]]
    )
    chooses: list[Literal["virtualisation", "datapath", "volumes"]] = Field(
        default=[], description="What it takes by what its host and cloud have; precheck tells which and why."
    )
    environment: dict[str, str] = Field(default={}, description="Never secrets: those reach a container as files.")
    ports: list[Port] = Field(default=[], description="TCP ports it listens on; precheck finds them taken by others.")
    health: str | None = Field(
        default=None,
        description="Jinja expression template of the command that tells health; exit status 0 is healthy.",
        examples=["healthcheck_curl http://{{ host.address }}:15000/healthcheck"],
    )
    start_seconds: int = Field(
        default=120, ge=1, description="How long until healthy before a start counts as failed, in seconds."
    )
    stop_seconds: int = Field(default=10, ge=0, description="Time between the stop signal and the kill, in seconds.")
    memory_mb: int = Field(default=64, ge=1, description="What it needs, in MiB; precheck adds it up per host.")
    disk_mb: int = Field(default=0, ge=0, description="What its volumes need at first, in MiB.")


class Job(Model):
    """A command that runs once, in a one-shot container on the first host of its container's group."""

    name: Name
    container: Name = Field(description="The container whose image, configuration, volumes and place it shares.")
    command: str
    during: Literal["deploy", "rotate"] = Field(default="deploy", description="The command of ours that runs it.")
    phase: Literal["before", "after"] = Field(
        default="before",
        description="before: ahead of the service's containers. after: when they are healthy, on the last host of the "
        "group, so that all of them are.",
    )
    inputs: list[str] = Field(
        default=[],
        description="Configuration files whose change makes it run again; another image or command always does.",
        examples=[["admin_password"]],
    )


class Service(Model):
    """One service: everything that the project knows about it."""

    topic = "service"

    name: Name
    description: str = Field(description="One sentence.")
    after: list[Name] = Field(default=[], description="Services that must run before this one.")
    profile: Profile = Field(
        default="minimal", description="The smallest profile of globals.yml that has it; larger ones have it too."
    )
    enabled: bool | Literal["multi-host"] = Field(
        default=True,
        description="On where its profile is, unless globals.yml says otherwise; multi-host: and there is more than one host.",
    )
    user: User
    image: Image | None = None
    endpoints: list[Endpoint] = Field(default=[], description="The APIs that clients reach through haproxy.")
    databases: list[Name] = Field(
        default=[], description="Its databases. One user, called like the service, may use them and nothing else."
    )
    queue: bool = Field(default=False, description="Whether it has a user on the message queue.")
    identity: Literal["service", "admin"] | None = Field(
        default=None,
        description="Whether it has a user in Keystone's `service` project, with the role `service`, or `admin` too.",
    )
    domain: Name | None = Field(
        default=None,
        description="A domain of its own in Keystone, for users that it makes itself; DOMAIN_admin administers it.",
    )
    roles: list[Name] = Field(default=[], description="Roles in Keystone that it gives to users.")
    provides: Literal["images", "gateway", "databases", "queues", "tools", "catalog", "volumes", "dashboard"] | None = (
        Field(
            default=None,
            description="What it is to all other services: the registry, the balancer in front of APIs, the database, the "
            "queue, the clients that reconcile, the catalogue, the storage of volumes, the pages for people.",
        )
    )
    secrets: dict[Name, Secret] = Field(
        default={}, description="Generated secrets; database, queue, Keystone and domain passwords come of themselves."
    )
    config: list[ConfigFile] = Field(default=[])
    containers: list[Container] = Field(min_length=1)
    in_order: bool = Field(
        default=False,
        description="New containers on a host start one after the other, each when the one before is healthy; otherwise "
        "side by side. Those that run already always change one after the other.",
    )
    jobs: list[Job] = Field(default=[])

    @model_validator(mode="before")
    @classmethod
    def _what_follows(cls, data: Any) -> Any:
        """What a declaration need not say, because it follows from the rest."""
        try:
            return with_defaults(data)
        except (AttributeError, KeyError, TypeError):  # of a form that validation refuses
            return data

    @model_validator(mode="after")
    def _names_refer(self) -> Service:
        for mistake in self._mistakes():
            raise ValueError(mistake)
        return self

    def _mistakes(self) -> Iterator[str]:
        containers = {container.name for container in self.containers}
        files = {file.name for file in self.config}
        for job in self.jobs:
            if job.container not in containers:
                yield f"job {job.name} names container {job.container}, which is not declared"
            if not set(job.inputs) <= files:
                yield f"job {job.name} names configuration files not declared: {sorted(set(job.inputs) - files)}"
            if (job.during, job.phase) == ("rotate", "after"):
                yield f"job {job.name} comes after containers, and rotating changes none"
        for container in self.containers:
            if not container.command:
                yield f"container {container.name} needs a command, or a WSGI application"
            if container.wsgi and len(self.endpoints_of(container.name)) != 1:
                yield f"container {container.name} serves a WSGI application, so it needs one endpoint"
            if container.static and not container.wsgi:
                yield f"container {container.name} has static files, but no WSGI application"
            if unknown := set(container.config or []) - files:
                yield f"container {container.name} names configuration files not declared: {sorted(unknown)}"
        for endpoint in self.endpoints:
            if endpoint.container not in containers:
                yield f"endpoint {endpoint.name} names container {endpoint.container}, which is not declared"
        for file in self.config:
            yield from self._mistakes_of(file)

    def _mistakes_of(self, file: ConfigFile) -> Iterator[str]:
        if file.reload and file.dest:
            yield f"configuration file {file.name} is copied to dest at a start: it cannot be reloaded"
        if file.keyring and self.secrets.get(file.keyring, Secret()).kind != "keyring":
            yield f"configuration folder {file.name} names {file.keyring}, which is no keyring secret"
        if (file.namespaces or file.base) and file.format != "ini":
            yield f"configuration file {file.name} has option namespaces or a base, but is no ini file"

    @property
    def domain_admin(self) -> str:
        """The user that administers the service's domain, in that domain."""
        return f"{self.domain}_admin"

    def container(self, name: str) -> Container:
        """The container of this name. KeyError when there is none."""
        return next(container for container in self.containers if container.name == name)

    def endpoints_of(self, container: str) -> list[Endpoint]:
        """The endpoints that a container serves."""
        return [endpoint for endpoint in self.endpoints if endpoint.container == container]

    def files_of(self, container: Container) -> list[ConfigFile]:
        """The configuration files that a container gets."""
        files = [file for file in self.config if container.config is None or file.name in container.config]
        return [*files, ConfigFile(name=WSGI_FILE, dest=wsgi_path(self.name))] if container.wsgi else files

    def all_secrets(self) -> dict[str, Secret]:
        """Every secret that passwords.yml holds for this service, by full name."""
        prefix = self.name.replace("-", "_")
        found = {f"{prefix}_{name}": secret for name, secret in self.secrets.items()}
        for wanted, name, what in (
            (self.databases, "database_password", "its database user"),
            (self.queue, "queue_password", "its message-queue user"),
            (self.identity, "keystone_password", "its Keystone user"),
            (self.domain, "domain_admin_password", "the administrator of its Keystone domain"),
        ):
            if wanted:
                found[f"{prefix}_{name}"] = Secret(description=f"Password of {what}.")
        return found
