"""Renew keyrings: in passwords.yml first, then on every host, then whatever the service wants done after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from kolla_lite import paths
from kolla_lite.cloud import Cloud, secret_name
from kolla_lite.config import secrets
from kolla_lite.deploy.lock import lock_variables
from kolla_lite.deploy.operations import deploy, load_checked
from kolla_lite.deploy.run import run_playbook
from kolla_lite.errors import UserError
from kolla_lite.runs.journal import recorded
from kolla_lite.service.declaration import Service
from kolla_lite.source import nearest


def rotate_service(directory: Path, name: str, keyring: str | None, verbose: int = 0) -> list[str]:
    """Renew the keyrings of a service; their names. UserError for an unknown service or keyring.

    Hosts are brought up to date before and after, so each of them already knows the new primary key as its staged
    one when the first host begins to seal with it. That makes the order of hosts, and an interruption, harmless.
    """
    cloud = load_checked(directory, [name])
    service = cloud.services[name]
    rings = [ring for ring, secret in service.secrets.items() if secret.kind == "keyring" and keyring in (None, ring)]
    if not rings:
        known = [ring for ring, secret in service.secrets.items() if secret.kind == "keyring"]
        hint = nearest(keyring or "", known, f"keyrings of {name}") if known else "choose another service"
        raise UserError(f"{name} has no keyring {keyring or ''}".rstrip(), hint=hint)
    with recorded(cloud, "rotate", [name]) as journal:
        deploy(directory, [name], verbose=verbose)
        secrets.save(directory / "passwords.yml", renewed(cloud, service, rings), cloud.declared)
        deploy(directory, [name], verbose=verbose)
        if any(job.during == "rotate" for job in service.jobs):
            variables = {"kolla_lite_service": name, **lock_variables(cloud, "rotate", [name], None)}
            playbook = paths.ANSIBLE / "rotate.yml"
            run_playbook(playbook, directory, variables=variables, verbose=verbose, observe=journal)
    return rings


def renewed(cloud: Cloud, service: Service, rings: list[str]) -> secrets.Secrets:
    """The cloud's secrets with these keyrings of a service rotated."""
    found = replace(cloud.secrets)
    for ring in rings:
        full, hours = secret_name(service, ring), service.secrets[ring].lifetime_hours
        lifetime = timedelta(hours=hours) if hours is not None else None
        found = found.with_keyring(full, secrets.rotate(found.keyrings[full], secrets.fresh_key(), lifetime))
    return found
