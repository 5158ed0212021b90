"""globals.yml: what an operator decides about a cloud as a whole."""

from __future__ import annotations

from hashlib import md5
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kolla_lite import paths
from kolla_lite.errors import UserError, raise_all
from kolla_lite.service.declaration import Profile
from kolla_lite.source import Document, Model, load, loads, nearest, parse

# What is put into URLs, file names and image references carries no character that needs quoting there.
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
HostOrAddress = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]*$")]


class Images(Model):
    """Where images come from and what they are called."""

    registry: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:/-]*$")] | None = Field(
        default=None,
        description="Registry that hosts pull from; the deployed one, or with a single host the local engine, by default.",
        examples=["registry.example.com:5000"],
    )
    namespace: Word = Field(default="kolla-lite", description="First part of every image's name.")
    tag: Word | None = Field(default=None, description="Image tag; the release by default.")


class Logs(Model):
    """How much of each container's output the engine keeps."""

    max_size_mb: int = Field(
        default=20, ge=1, description="Size of one log file, in MB, before the engine starts the next."
    )
    max_files: int = Field(default=5, ge=1, description="How many log files of a container the engine keeps.")


class Network(Model):
    """How packets of virtual machines travel, and where they leave the cloud."""

    datapath: Literal["auto", "kernel", "userspace"] = Field(
        default="auto",
        description="Where switches forward packets: in the kernel, the default where it has Open vSwitch's module, or in "
        "a process.",
    )
    external_interface: Word | None = Field(
        default=None,
        description="Network interface of network hosts that carries external networks; it must have no address. Without "
        "one each such host is itself the outside, at external_gateway.",
        examples=["eth1"],
    )
    external_gateway: Annotated[str, StringConstraints(pattern=r"^[0-9a-f.:]+/[0-9]+$")] = Field(
        default="172.24.4.1/24",
        description="Address and prefix length of a network host on its bridge to the outside, when no interface is there.",
    )


class Compute(Model):
    """How virtual machines run."""

    virtualisation: Literal["auto", "kvm", "qemu"] = Field(
        default="auto",
        description="By the processor (kvm), the default where host and processor can, or emulated, ten times slower (qemu).",
    )


class Storage(Model):
    """What volumes are kept in."""

    share: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9.-]*:)?(/[A-Za-z0-9._-]+)+$")] | None = (
        Field(
            default=None,
            description="What volumes are files in, instead of Ceph: SERVER:/PATH of an NFS server, or /PATH of a folder that "
            "storage and compute hosts have in common.",
            examples=["nas.example.com:/volumes"],
        )
    )

    @property
    def server(self) -> str | None:
        """The NFS server that the share is mounted from, when it is one."""
        server, colon, _path = (self.share or "").partition(":")
        return server if colon else None

    @property
    def export(self) -> str:
        """The share as Cinder and Nova know it, HOST:/PATH also for a folder."""
        return self.share or "" if self.server else f"localhost:{self.share}"

    @property
    def mount_point(self) -> str:
        """What a share's folder is called where shares are mounted: os_brick.remotefs and nova.utils.get_hash_str."""
        return md5(self.export.encode(), usedforsecurity=False).hexdigest()


class Globals(Model):
    """The keys of globals.yml. All have defaults: an empty file is a cloud."""

    topic = "globals"

    release: Word = Field(default="2026.1", description="OpenStack release to build and run.")
    region: Word = Field(default="RegionOne", description="Region name in the catalogue.")
    api_address: HostOrAddress | None = Field(
        default=None,
        description="Name or address that clients use for every API; the address of the first haproxy host by default.",
        examples=["cloud.example.com"],
    )
    profile: Profile = Field(
        default="compute",
        description="Which services run, unless `services` says otherwise: Keystone alone with what it needs (minimal), a "
        "cloud with machines, networks and volumes (compute), or all there are (full).",
    )
    services: dict[str, bool] = Field(
        default={}, description="Services switched on or off against their profile.", examples=[{"registry": True}]
    )
    placement: dict[str, list[str]] = Field(
        default={},
        description="Hosts of a service, by name, instead of those its declaration would choose.",
        examples=[{"mariadb": ["ctl2"]}],
    )
    images: Images = Field(default=Images(), description="Where images come from.")
    network: Network = Field(default=Network(), description="Networks of virtual machines.")
    compute: Compute = Field(default=Compute(), description="Virtual machines.")
    storage: Storage = Field(default=Storage(), description="Volumes.")
    logs: Logs = Field(default=Logs(), description="How much output of containers is kept.")
    workers: int = Field(default=2, ge=1, le=128, description="Worker processes of each API, per host.")
    debug: bool = Field(default=False, description="Debug logging in every OpenStack service.")
    admin_user: Word = Field(default="admin", description="Name of the administrator in Keystone.")
    admin_project: Word = Field(default="admin", description="Name of the administrator's project.")


def load_globals(directory: Path, roles: Path = paths.ROLES) -> tuple[Globals, Document]:
    """globals.yml of a folder, and the document for the places of further mistakes; all defaults without the file.

    Raises UserError for what the schema refuses and for services that nothing below `roles` declares.
    """
    path = directory / "globals.yml"
    document = load(path) if path.exists() else loads("", str(path))
    globals_ = parse(Globals, document)
    declared = [declaration.parent.name for declaration in roles.glob("*/service.yml")]
    raise_all(
        [
            UserError(
                f"there is no service {name!r}", document.where(section, name), nearest(name, declared, "services")
            )
            for section, names in (("services", globals_.services), ("placement", globals_.placement))
            for name in names
            if name not in declared
        ]
    )
    return globals_, document
