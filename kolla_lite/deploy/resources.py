"""What all services together need in the database, on the message queue and in Keystone, as one value. Pure."""

from __future__ import annotations

from typing import Any

from kolla_lite.cloud import ADMIN_ACCOUNT, Cloud, secret_name
from kolla_lite.service.declaration import Service


def desired_resources(cloud: Cloud) -> dict[str, dict[str, Any]]:
    """The input of the toolbox's kolla_resources: a part for each kind that a service of this cloud provides."""
    return {
        service.provides: RESOURCES[service.provides](cloud, service)
        for service in cloud.services.values()
        if service.provides in RESOURCES
    }


def _databases(cloud: Cloud, provider: Service) -> dict[str, Any]:
    return {
        "server": {
            "host": cloud.group(provider.name)[0].address,
            "port": 3306,
            "user": ADMIN_ACCOUNT,
            "password": cloud.secrets.get(secret_name(provider, "admin_password")),
        },
        "wanted": {
            service.name: {
                "password": cloud.secrets.get(secret_name(service, "database_password")),
                "databases": list(service.databases),
            }
            for service in cloud.services.values()
            if service.databases
        },
    }


def _queues(cloud: Cloud, provider: Service) -> dict[str, Any]:
    return {
        "server": {
            "url": f"http://{cloud.group(provider.name)[0].address}:15672",
            "user": ADMIN_ACCOUNT,
            "password": cloud.secrets.get(secret_name(provider, "admin_password")),
        },
        "wanted": {
            service.name: cloud.secrets.get(secret_name(service, "queue_password"))
            for service in cloud.services.values()
            if service.queue
        },
    }


def _catalog(cloud: Cloud, provider: Service) -> dict[str, Any]:
    return {
        "server": {
            "url": cloud.url(provider.name),
            "user": cloud.globals.admin_user,
            "password": cloud.secrets.get(secret_name(provider, "admin_password")),
            "project": cloud.globals.admin_project,
        },
        "region": cloud.globals.region,
        "services": {
            endpoint.name: {"type": endpoint.type, "url": cloud.url(endpoint.name)}
            for endpoint in cloud.endpoints()
            if endpoint.type
        },
        # Clients must not be sent where nothing answers. Databases and users of such services stay: they are data.
        "off": {
            endpoint.name: endpoint.type
            for name, service in cloud.declared.items()
            for endpoint in service.endpoints
            if name not in cloud.services and endpoint.type
        },
        "roles": sorted({role for service in cloud.services.values() for role in service.roles}),
        "users": {
            service.name: {
                "password": cloud.secrets.get(secret_name(service, "keystone_password")),
                "roles": ["service"] if service.identity == "service" else ["admin", "service"],
            }
            for service in cloud.services.values()
            if service.identity
        },
        "domains": {
            service.domain: {
                "admin": service.domain_admin,
                "password": cloud.secrets.get(secret_name(service, "domain_admin_password")),
            }
            for service in cloud.services.values()
            if service.domain
        },
    }


RESOURCES = {"databases": _databases, "queues": _queues, "catalog": _catalog}
"""What the toolbox reconciles, by what a service provides."""
