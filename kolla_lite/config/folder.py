"""The operator's folder: written once, with generated secrets, and never overwritten."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from kolla_lite import paths
from kolla_lite.config import secrets
from kolla_lite.config.render import to_yaml
from kolla_lite.config.secrets import Secrets
from kolla_lite.errors import Location, UserError
from kolla_lite.inventory.hosts import hosts_of
from kolla_lite.service.declaration import Profile
from kolla_lite.service.registry import load_services
from kolla_lite.source import loads, read_text

FILES = {
    "globals.yml": "what the cloud is as a whole; every key has a default",
    "hosts.yml": "its machines and what each is for",
    "passwords.yml": "its secrets, readable by you alone; keep a copy in a safe place",
    "config": "overrides of the services' configuration files",
}
"""What stands in an operator's folder, and what it is for."""
_SHIPPED_ADDRESS = "address: 127.0.0.1"


def input_files(directory: Path) -> list[Path]:
    """Every file that decides what the cloud is, sorted: those of FILES, and nothing that kolla-lite wrote beside them."""
    parts = [directory / name for name in FILES]
    return sorted(path for part in parts for path in (part, *part.rglob("*")) if path.is_file())


def create(
    directory: Path, address: str | None = None, profile: Profile | None = None, roles: Path = paths.ROLES
) -> None:
    """Write a folder for this machine at `address`, by default 127.0.0.1, reached only from itself.

    Raises UserError, and writes nothing, when one of the files exists, the address is none or the place cannot be
    written.
    """
    for name in FILES:
        if (directory / name).exists():
            raise UserError(
                "it exists already, and is not overwritten",
                Location(str(directory / name)),
                "give another --config DIR, or --update to add secrets that are missing",
            )
    hosts = read_text(paths.ETC / "hosts.yml")
    if address:
        hosts = hosts.replace(_SHIPPED_ADDRESS, f"address: {to_yaml(address)}")
    hosts_of(loads(hosts, str(directory / "hosts.yml")))
    services = load_services(roles)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o750, exist_ok=True)
        secrets.save(directory / "passwords.yml", secrets.generate(services), services)
        shutil.copytree(paths.ETC / "config", directory / "config")
        (directory / "hosts.yml").write_text(hosts, encoding="utf-8")
        globals_ = read_text(paths.ETC / "globals.yml")
        chosen = re.sub(r"^#profile: .*", f"profile: {profile}", globals_, flags=re.MULTILINE) if profile else globals_
        (directory / "globals.yml").write_text(chosen, encoding="utf-8")
    except OSError as error:
        raise _unwritable(directory, error) from None


def update(directory: Path, roles: Path = paths.ROLES) -> list[str]:
    """Add the secrets that passwords.yml lacks; their names. UserError when what is there is wrong."""
    services = load_services(roles)
    path = directory / "passwords.yml"
    if not (directory / "hosts.yml").exists():
        raise UserError(
            "there is nothing to update", Location(str(directory)), "run `kolla-lite init` without --update"
        )
    existing = Secrets.load_partial(path, services) if path.exists() else Secrets()
    updated = secrets.generate(services, existing)
    added = sorted({*updated.passwords, *updated.keyrings} - {*existing.passwords, *existing.keyrings})
    if added:
        try:
            secrets.save(path, updated, services)
        except OSError as error:
            raise _unwritable(directory, error) from None
    return added


def _unwritable(directory: Path, error: OSError) -> UserError:
    return UserError(
        f"it cannot be written: {error.strerror}", Location(str(directory)), "run as root, or give another --config DIR"
    )
