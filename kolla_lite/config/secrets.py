"""passwords.yml: generated secrets. No message, representation or log of this module carries a value."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import string
import struct
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.fernet import Fernet
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from kolla_lite.config.difference import hide
from kolla_lite.errors import Location, UserError, raise_all
from kolla_lite.service.declaration import Secret, Service
from kolla_lite.source import Document, loads, nearest, read_text

SHORTEST_PASSWORD = 12
_GENERATED_LENGTH = 32
_ALPHABET = string.ascii_letters + string.digits
_FILL_IN = "run `kolla-lite init --update`, which adds what is missing and changes nothing else"
_CREATE = "restore it from a copy; for a new cloud run `kolla-lite init`, or `init --update` beside an own hosts.yml"
_HEADER = """\
Secrets of this cloud, made by `kolla-lite init`. Keep the file private, and keep a copy in a safe place.
A new service's secrets are added by `kolla-lite init --update`; keyrings are renewed by `kolla-lite rotate`.
"""

CLOUD = "cloud_id"
_OWN = {
    CLOUD: Secret(
        kind="uuid", description="What hosts know this cloud by: they let no other one change them. For life."
    ),
}
"""Secrets of the cloud itself."""


@dataclass(frozen=True)
class Key:
    """One Fernet key (URL-safe base64 of 32 bytes) and when it was made (UTC, whole seconds)."""

    key: str = field(repr=False)
    created: datetime

    @property
    def number(self) -> int:
        """Its name in a key repository: grows with age of the ring and stays the same for life."""
        return int(self.created.timestamp())


Keyring = tuple[Key, ...]
"""A Fernet repository: the staged key first, then the others from oldest to primary."""


@dataclass(frozen=True)
class Secrets:
    """Passwords and keyrings by name."""

    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    keyrings: Mapping[str, Keyring] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, path: Path, services: Mapping[str, Service]) -> Secrets:
        """Read and check passwords.yml. UserError(s) with file and line, never with a value."""
        document = _read_private(path)
        wanted = declared(services)
        errors: list[UserError] = []
        found = _parse(document, wanted, errors)
        missing = [name for name in wanted if name not in (document.data or {})]
        if missing:
            errors.append(UserError(f"missing: {', '.join(missing)}", document.where(), _FILL_IN))
        raise_all(errors)
        return found

    @classmethod
    def load_partial(cls, path: Path, services: Mapping[str, Service]) -> Secrets:
        """As `load`, but secrets may be missing: what `generate` starts from."""
        errors: list[UserError] = []
        found = _parse(_read_private(path), declared(services), errors)
        raise_all(errors)
        return found

    def get(self, name: str) -> str:
        """The password of this name. KeyError when there is none."""
        return self.passwords[name]

    def keyring_files(self, name: str) -> dict[str, str]:
        """The key repository of a keyring, see `files`. KeyError when there is none of this name."""
        return files(self.keyrings[name])

    @property
    def mark(self) -> str:
        """What hosts keep to know the cloud by; it tells nothing of any secret."""
        return hashlib.sha256(self.get(CLOUD).encode()).hexdigest()[:16]

    def all_values(self) -> list[str]:
        """Every string that must not be seen."""
        return [*self.passwords.values(), *(key.key for ring in self.keyrings.values() for key in ring)]

    def masked(self, text: str) -> str:
        """The text without any secret's value, in whatever form a template writes it."""
        return hide(text, self.all_values())

    def with_keyring(self, name: str, keyring: Keyring) -> Secrets:
        """The same secrets with one keyring replaced."""
        return replace(self, keyrings={**self.keyrings, name: keyring})


def declared(services: Mapping[str, Service]) -> dict[str, Secret]:
    """Every secret of a cloud of these services, enabled or not, by full name: its own, and those that they declare."""
    return _OWN | {name: secret for service in services.values() for name, secret in service.all_secrets().items()}


def generate(services: Mapping[str, Service], existing: Secrets | None = None) -> Secrets:
    """`existing` and whatever it lacks of the secrets that the services declare. Nothing present changes."""
    existing = existing or Secrets()
    passwords, keyrings = dict(existing.passwords), dict(existing.keyrings)
    for name, secret in declared(services).items():
        if secret.kind in GENERATORS and name not in passwords:
            passwords[name] = GENERATORS[secret.kind]()
        elif secret.kind == "keyring" and name not in keyrings:
            staged = fresh_key()
            keyrings[name] = (staged, fresh_key(staged.created - timedelta(seconds=1)))
    return Secrets(passwords, keyrings)


def _random_password() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GENERATED_LENGTH))


def _random_cephx_key() -> str:
    """Base64 of type 1 (AES), seconds and nanoseconds of creation, length, and 16 random bytes, as CryptoKey encodes it.

    Source: Ceph's src/auth/Crypto.h and src/include/encoding.h, little-endian.
    """
    return base64.b64encode(struct.pack("<HIIH", 1, int(time.time()), 0, 16) + secrets.token_bytes(16)).decode()


GENERATORS: Mapping[str, Callable[[], str]] = {
    "password": _random_password,
    "uuid": lambda: str(uuid4()),
    "cephx": _random_cephx_key,
    "fernet": lambda: Fernet.generate_key().decode(),
}
"""Kinds of secrets that are one string, and what makes a new one."""


def _read_cephx_key(text: str) -> None:
    if len(base64.b64decode(text, validate=True)) != 28:
        raise ValueError


_READERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "uuid": ("a UUID", UUID),
    "cephx": ("a key of Ceph", _read_cephx_key),
    "fernet": ("a Fernet key", Fernet),
}
"""Of the kinds that have a form: what it is called, and what raises ValueError for anything else."""


def fresh_key(created: datetime | None = None) -> Key:
    """A new random key, made now unless told."""
    return Key(Fernet.generate_key().decode(), (created or datetime.now(UTC)).replace(microsecond=0))


def rotate(keyring: Keyring, fresh: Key, lifetime: timedelta | None = None) -> Keyring:
    """The keyring with its staged key as primary and `fresh` as staged. Pure.

    A key is dropped when it stopped being primary more than `lifetime` before `fresh` was made, so no token that
    may still live loses its key however often this is called; without a lifetime no key is ever dropped, as
    credentials need. When a key stopped follows from the others: each rotation makes one key, so a key starts to
    be primary when the next one is made, and stops when the one after that is made.
    """
    staged, *others = keyring
    created = max(fresh.created, staged.created + timedelta(seconds=1))  # keeps order and numbers, whatever the clock
    aged = [*others, staged, replace(fresh, created=created)]
    kept = [
        key
        for key, stopped in zip(aged, (successor.created for successor in aged[2:]), strict=False)
        if lifetime is None or created - stopped <= lifetime
    ]
    return (aged[-1], *kept, staged)


def files(keyring: Keyring) -> dict[str, str]:
    """File name to content of a Fernet key repository: `0` is staged, the highest number is primary.

    Writing in this order and deleting what is left over afterwards leaves no moment without a needed key: numbers
    are never reused, and `0`, whose old content has by then its own number, comes last.
    """
    staged, *others = keyring
    return {**{str(key.number): key.key for key in reversed(others)}, "0": staged.key}


def _read_private(path: Path) -> Document:
    if not path.exists():
        raise UserError("the file does not exist", Location(str(path)), _CREATE)
    document = loads(read_text(path), str(path), private=True)
    if path.stat().st_mode & 0o077:
        raise UserError("others can read the file", document.where(), f"run `chmod 600 {path}`")
    if not isinstance(document.data, dict | None):
        raise UserError("the file is not a mapping of names to secrets", document.where(), "write `name: secret` lines")
    return document


def _parse(document: Document, wanted: Mapping[str, Secret], errors: list[UserError]) -> Secrets:
    passwords: dict[str, str] = {}
    keyrings: dict[str, Keyring] = {}
    for name, value in (document.data or {}).items():
        try:
            if name in wanted and wanted[name].kind in GENERATORS:
                passwords[name] = _password(document, name, value, wanted[name].kind)
            elif name in wanted:
                keyrings[name] = _keyring(document, name, value)
            else:
                raise UserError(f"unknown key {name!r}", document.where(name), nearest(str(name), wanted, "secrets"))
        except UserError as error:
            errors.append(error)
    return Secrets(passwords, keyrings)


def _password(document: Document, name: str, value: Any, kind: str) -> str:
    where = document.where(name)
    if not isinstance(value, str):
        raise UserError(f"{name} is not text", where, "put it in quotes")
    if len(value) < SHORTEST_PASSWORD:
        hint = f"take {SHORTEST_PASSWORD} characters or more, or delete the line and {_FILL_IN}"
        raise UserError(f"{name} is too short", where, hint)
    if not (value.isascii() and value.isprintable()):
        raise UserError(f"{name} holds a line break or another character outside ASCII", where, "take printable ASCII")
    if kind in _READERS:
        form, read = _READERS[kind]
        try:
            read(value)
        except ValueError:
            raise UserError(f"{name} is not {form}", where, f"restore it, or delete the line and {_FILL_IN}") from None
    return value


def _keyring(document: Document, name: str, value: Any) -> Keyring:
    remedy = f"restore the keyring from a copy; to start afresh, delete it and {_FILL_IN}"
    if not isinstance(value, list) or len(value) < 2:
        raise UserError(f"{name} is not a list of two keys or more", document.where(name), remedy)
    keys = []
    for index, entry in enumerate(value):
        try:
            Fernet(entry["key"])
            created = entry["created"]
            moment = created if isinstance(created, datetime) else datetime.fromisoformat(created)
            keys.append(Key(entry["key"], moment.replace(tzinfo=moment.tzinfo or UTC, microsecond=0)))
        except (KeyError, TypeError, ValueError):
            message = f"{name}[{index}] is not a Fernet key with the time of its creation"
            raise UserError(message, document.where(name, index), remedy) from None
    numbers = [key.number for key in (*keys[1:], keys[0])]
    if any(earlier >= later for earlier, later in pairwise(numbers)):
        message = f"{name} is out of order: first the newest key, then the others from oldest to newest"
        raise UserError(message, document.where(name), remedy)
    return tuple(keys)


def save(path: Path, found: Secrets, services: Mapping[str, Service]) -> None:
    """Write passwords.yml in one step, mode 0600 from the start, keeping comments and order of what is there."""
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    tree = yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None
    if tree is None:
        tree = CommentedMap()
        tree.yaml_set_start_comment(_HEADER)
    wanted = declared(services)
    for name, value in sorted(found.passwords.items()):
        if tree.get(name) != value:
            _add(tree, name, DoubleQuotedScalarString(value), wanted)
    for name, ring in sorted(found.keyrings.items()):
        plain = [{"key": key.key, "created": key.created.isoformat()} for key in ring]
        if tree.get(name) != plain:
            quoted = [{part: DoubleQuotedScalarString(text) for part, text in entry.items()} for entry in plain]
            _add(tree, name, quoted, wanted)
    text = StringIO()
    yaml.dump(tree, text)
    write_private(path, text.getvalue())


def _add(tree: CommentedMap, name: str, value: object, wanted: Mapping[str, Secret]) -> None:
    new = name not in tree
    tree[name] = value
    if new and name in wanted and wanted[name].description:
        tree.yaml_set_comment_before_after_key(name, before=wanted[name].description)


def write_private(path: Path, text: str) -> None:
    """Write a file in one step, with mode 0600 from the start: a reader sees the old text or the new."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path.resolve())
    except BaseException:
        Path(temporary).unlink()
        raise
