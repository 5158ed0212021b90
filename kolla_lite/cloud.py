"""A cloud as one value: what the operator wrote, what is declared, and where it all goes. Nothing here touches a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kolla_lite import paths
from kolla_lite.config.folder import input_files
from kolla_lite.config.layers import Layers
from kolla_lite.config.render import ini
from kolla_lite.config.secrets import Secrets
from kolla_lite.config.settings import Globals, load_globals
from kolla_lite.errors import UserError, collecting, raise_all
from kolla_lite.image.release import known_releases
from kolla_lite.inventory.hosts import Host, load_hosts
from kolla_lite.inventory.placement import Placement, place
from kolla_lite.service.declaration import Container, Endpoint, Service
from kolla_lite.service.registry import load_services
from kolla_lite.source import Document, nearest

DATABASE_PORT, QUEUE_PORT = 3306, 5672
ADMIN_ACCOUNT = "kolla_lite"
"""The account that creates databases, queue users and their passwords."""


@dataclass(frozen=True)
class Cloud:
    """Everything that decides what a deployment is: a pure value, built from a folder of operator's files."""

    directory: Path
    globals: Globals
    declared: Mapping[str, Service]
    hosts: Mapping[str, Host]
    placement: Placement
    secrets: Secrets
    layers: Layers
    document: Document
    """globals.yml, for the places of mistakes that only a host shows."""
    roles: Path = paths.ROLES

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """The services that are switched on, in start order."""
        return {name: self.declared[name] for name in self.placement.enabled}

    def template_folders(self, service: Service) -> tuple[Path, ...]:
        """Where the templates of a service's files are: its own, and those that services share."""
        return self.roles / service.name / "templates", self.roles / "service" / "templates"

    def group(self, name: str) -> list[Host]:
        """The hosts of a service or container, in the order of hosts.yml; empty when it is off or unknown."""
        return [self.hosts[host] for host in self.placement.groups.get(name, ())]

    def first(self, name: str) -> Host | None:
        """The host where what happens once per group happens."""
        hosts = self.group(name)
        return hosts[0] if hosts else None

    def provider(self, part: str) -> Service | None:
        """The service that provides something to all others, when it is on; see `Service.provides`."""
        return next((service for service in self.services.values() if service.provides == part), None)

    def provider_hosts(self, part: str) -> list[Host]:
        """The hosts of that service; none when it is off."""
        provider = self.provider(part)
        return self.group(provider.name) if provider else []

    def services_on(self, host: str) -> dict[str, list[Container]]:
        """What runs on a host: its containers by service, in start order."""
        found = {
            name: [c for c in service.containers if host in self.placement.groups.get(c.name, ())]
            for name, service in self.services.items()
        }
        return {name: containers for name, containers in found.items() if containers}

    @property
    def api_address(self) -> str:
        """Where clients reach every API."""
        gateways = self.provider_hosts("gateway")
        return self.globals.api_address or (gateways[0].address if gateways else "127.0.0.1")

    def url(self, name: str, path: str | None = None) -> str:
        """The URL that clients use for an endpoint; `path` instead of its own path. KeyError for an unknown name."""
        endpoint = self._declared_endpoints[name]
        return f"http://{_bracket(self.api_address)}:{endpoint.port}{endpoint.path if path is None else path}"

    @cached_property
    def _declared_endpoints(self) -> Mapping[str, Endpoint]:
        return {endpoint.name: endpoint for service in self.declared.values() for endpoint in service.endpoints}

    def endpoints(self) -> list[Endpoint]:
        """What haproxy balances."""
        return [endpoint for service in self.services.values() for endpoint in service.endpoints]

    @property
    def registry(self) -> str | None:
        """Registry that hosts pull from: the operator's, else the deployed one, else none: the local engine's images."""
        if self.globals.images.registry:
            return self.globals.images.registry
        provider = self.provider("images")
        if provider is None:
            return None
        return f"{_bracket(self.group(provider.name)[0].address)}:{provider.containers[0].ports[0]}"

    def image_name(self, image: str) -> str:
        """What the build calls an image on the controller: namespace/image:tag."""
        return f"{self.globals.images.namespace}/{image}:{self.globals.images.tag or self.globals.release}"

    def image_reference(self, service: Service, container: Container) -> str:
        """What a host calls the image of a container: with the registry in front, unless it is copied there."""
        name = self.image_name(container.image or service.name)
        return name if self.copied(service) else f"{self.registry}/{name}"

    def copied(self, service: Service) -> bool:
        """Whether hosts get the service's image from the controller's engine, not from a registry."""
        return self.registry is None or (
            self.globals.images.registry is None and service.image is not None and service.image.transfer
        )

    def context(self, service: Service, container: Container, host: Host) -> dict[str, Any]:
        """What templates of a service see, for one container on one host."""
        return {
            "globals": self.globals,
            "host": host,
            "service": service,
            "container": container,
            "endpoint": next(iter(service.endpoints_of(container.name)), None),
            "hosts": self.group,
            "secret": self.secrets.get,
            "url": self.url,
            "endpoints": self.endpoints,
            "listen_addresses": lambda: self._listen_addresses(host),
            "database_url": lambda name=None: self._database_url(service, name),
            "queue_url": lambda: self._queue_url(service),
            "servers": lambda: self._servers(service),
            "account": lambda scoped=True: self._account(service, scoped),
        }

    def _catalog(self) -> Service:
        catalog = self.provider("catalog")
        if catalog is None:
            raise KeyError("no service provides a catalogue")
        return catalog

    def _listen_addresses(self, host: Host) -> list[str]:
        api = self.globals.api_address or ""
        virtual = [api] if api.replace(".", "").isdigit() and api != host.address else []
        return [host.address, *virtual]

    def _database_url(self, service: Service, name: str | None) -> str:
        """How SQLAlchemy reaches a database of a service, the first unless named."""
        servers = self.provider_hosts("databases")
        name = name or next(iter(service.databases), None)
        if not servers or name not in service.databases:
            raise KeyError(f"{service.name} has no database{f' {name}' if name else ''}")
        password = quote(self.secrets.get(secret_name(service, "database_password")), safe="")
        server = f"{_bracket(servers[0].address)}:{DATABASE_PORT}"
        return f"mysql+pymysql://{service.name}:{password}@{server}/{name}?charset=utf8mb4"

    def _queue_url(self, service: Service) -> str:
        if not service.queue:
            raise KeyError(f"{service.name} has no user on the message queue")
        password = quote(self.secrets.get(secret_name(service, "queue_password")), safe="")
        account = f"{service.name}:{password}"
        servers = [f"{account}@{_bracket(host.address)}:{QUEUE_PORT}" for host in self.provider_hosts("queues")]
        return f"rabbit://{','.join(servers)}//"

    def _servers(self, service: Service) -> list[list[str]]:
        """HOST:PORT of what the service keeps its state in: of each list it needs one."""
        needs = [("databases", DATABASE_PORT)] if service.databases else []
        needs += [("queues", QUEUE_PORT)] if service.queue else []
        found = [[f"{_bracket(host.address)}:{port}" for host in self.provider_hosts(part)] for part, port in needs]
        return [servers for servers in found if servers]

    def _account(self, service: Service, scoped: bool) -> str:
        """The options of keystoneauth's password plugin for the service's own user, as lines of an ini file.

        Unscoped, without a project, where another scope comes with each use, such as a trust.
        """
        if service.identity is None:
            raise KeyError(f"{service.name} has no user in Keystone")
        options = {
            "auth_type": "password",
            "auth_url": self.url(self._catalog().name),
            "username": service.name,
            "password": self.secrets.get(secret_name(service, "keystone_password")),
            "user_domain_name": "Default",
        }
        if scoped:
            options |= {"project_name": "service", "project_domain_name": "Default"}
        return "\n".join(f"{name} = {ini(value)}" for name, value in options.items())


def secret_name(service: Service, secret: str) -> str:
    """The name in passwords.yml of a service's secret."""
    return f"{service.name.replace('-', '_')}_{secret}"


def _bracket(address: str) -> str:
    return f"[{address}]" if address.count(":") > 1 else address


def load_cloud(directory: Path, roles: Path = paths.ROLES) -> Cloud:
    """Read a folder of operator's files. Raises UserError, with all mistakes that one pass can find."""
    declared = load_services(roles)
    layers = Layers.find(directory / "config")
    errors: list[UserError] = []
    with collecting(errors):
        globals_, document = load_globals(directory, roles)
        _check_release(globals_, document)
    with collecting(errors):
        hosts = load_hosts(directory / "hosts.yml")
        placeable = not errors
        errors += layers.unclaimed(declared.values(), hosts)
        if placeable:
            placement = place(declared, hosts, globals_, document)
    with collecting(errors):
        secrets = Secrets.load(directory / "passwords.yml", declared)
    raise_all(errors)
    return Cloud(directory, globals_, declared, hosts, placement, secrets, layers, document, roles)


def _check_release(globals_: Globals, document: Document) -> None:
    if globals_.release not in known_releases():
        hint = nearest(globals_.release, known_releases(), "known releases")
        raise UserError(f"there is no release {globals_.release!r}", document.where("release"), hint)


def cached_cloud(directory: Path) -> Cloud:
    """`load_cloud`, read again only when an operator's file has changed since.

    Ansible forks a worker per task: what its parent process loaded once, with the inventory, every worker has.
    """
    stamps = tuple((str(path), path.stat().st_mtime_ns) for path in input_files(directory))
    return _cached(directory, stamps)


@lru_cache(maxsize=2)
def _cached(directory: Path, _stamps: tuple[tuple[str, int], ...]) -> Cloud:
    return load_cloud(directory)
