"""What a declaration need not say, because it follows from the rest of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BACKEND_PORT_OFFSET = 10_000
"""Behind haproxy a service listens this far above its public port, so that both fit on one address."""

WSGI_FILE = "uwsgi.ini"
"""The configuration file of every container with a WSGI application; its template is role `service`'s."""


def wsgi_path(service: str) -> str:
    """Where a container with a WSGI application has that file."""
    return f"/etc/{service}/{WSGI_FILE}"


def with_defaults(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a declaration with what follows from the rest. AttributeError, KeyError or TypeError for data of another form."""
    containers = data["containers"]
    first = {"name": data["name"], "container": containers[0]["name"]}
    endpoints = [{**first, **endpoint} for endpoint in data.get("endpoints", [])]
    ports = {endpoint["container"]: endpoint["port"] + BACKEND_PORT_OFFSET for endpoint in endpoints}
    of_wsgi = {
        "command": f"uwsgi --ini {wsgi_path(data['name'])}",
        "health": "healthcheck_curl http://{{ host.address }}:{{ endpoint.backend_port }}{{ endpoint.health }}"
        "{% for alike in servers() %} {{ alike | join(',') }}{% endfor %}",
        "stop_seconds": 30,
    }
    return {
        **data,
        "endpoints": endpoints,
        "containers": [
            {**of_wsgi, "ports": [ports[container["name"]]], **container} if container.get("wsgi") else container
            for container in containers
        ],
    }
