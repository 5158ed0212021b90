"""passwords.yml: what is made, kept, refused, rotated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from kolla_lite.config import secrets
from kolla_lite.config.secrets import Key, Keyring, Secrets
from kolla_lite.errors import UserError
from kolla_lite.service.declaration import Service

SERVICES = {
    "keystone": Service.model_validate(
        {
            "name": "keystone",
            "description": "d",
            "user": {"name": "keystone", "uid": 1},
            "databases": ["keystone"],
            "secrets": {"admin_password": {"description": "Opens all."}, "fernet_keys": {"kind": "keyring"}},
            "containers": [{"name": "keystone", "place": {"role": "control"}, "command": "true"}],
        }
    )
}
NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "passwords.yml"


@pytest.fixture
def made(path: Path) -> Secrets:
    made = secrets.generate(SERVICES)
    secrets.save(path, made, SERVICES)
    return made


def refused(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        Secrets.load(path, SERVICES)
    return caught.value


def test_generated_secrets_are_long_and_private(path: Path, made: Secrets) -> None:
    assert set(made.passwords) == {"cloud_id", "keystone_admin_password", "keystone_database_password"}
    assert all(len(password) >= 32 and password.replace("-", "").isalnum() for password in made.passwords.values())
    assert len(set(made.all_values())) == 5
    assert path.stat().st_mode & 0o777 == 0o600
    assert Secrets.load(path, SERVICES) == made
    assert not any(value in repr(made) + repr(made.keyrings) for value in made.all_values())


def test_an_update_keeps_values_comments_and_bytes(path: Path, made: Secrets) -> None:
    path.write_text("# mine\nkeystone_admin_password: 'it''s {{ mine }} $x'  # by hand\n")
    found = Secrets.load_partial(path, SERVICES)
    updated = secrets.generate(SERVICES, found)
    secrets.save(path, updated, SERVICES)
    text = path.read_text()
    assert text.startswith("# mine\nkeystone_admin_password: 'it''s {{ mine }} $x'  # by hand\n")
    assert Secrets.load(path, SERVICES).get("keystone_admin_password") == "it's {{ mine }} $x"
    secrets.save(path, secrets.generate(SERVICES, updated), SERVICES)
    assert path.read_text() == text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    path: Path, made: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_text()
    monkeypatch.setattr(secrets.os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        secrets.save(path, secrets.generate(SERVICES), SERVICES)
    assert path.read_text() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("keystone_admin_password: hunter2", "is too short", "12 characters"),
        ("keystone_admin_password: 123456789012345", "is not text", "quotes"),
        ('keystone_admin_password: "hunter2hunter2\\nx"', "line break", "ASCII"),
        ("keystone_admin_password: hünter2hünter2", "outside ASCII", "ASCII"),
        ("keystone_admin_password: {hunter2: hunter2}", "is not text", "quotes"),
        ("keystone_admin_pasword: hunter2hunter2", "unknown key", "did you mean `keystone_admin_password`?"),
        ("keystone_fernet_keys: [hunter2, hunter2]", "is not a Fernet key", "restore"),
        ("keystone_fernet_keys: hunter2", "is not a list", "restore"),
        ("keystone_fernet_keys: [{key: hunter2, created: 2026-05-01}, {}]", "is not a Fernet key", "restore"),
        ("keystone_admin_password: *hunter2", "not valid YAML", "quotes"),
        ("keystone_admin_password: !hunter2 x", "not valid YAML", "quotes"),
        ("keystone_admin_password: 'hunter2", "not valid YAML", "quotes"),
        ("hunter2", "not a mapping", "name: secret"),
    ],
)
def test_a_bad_secret_is_refused_and_never_shown(path: Path, line: str, message: str, remedy: str) -> None:
    path.touch(0o600)
    path.write_text(f"# comment\n{line}\n")
    error = refused(path)
    assert message in str(error)
    assert remedy in str(error)
    assert "hunter2" not in str(error)
    assert "hünter2" not in str(error)
    assert f"{path}:2" in str(error) or "not a mapping" in message or "'hunter2" in line


def test_missing_secrets_are_named_together(path: Path) -> None:
    path.touch(0o600)
    error = refused(path)
    assert (
        error.message == "missing: cloud_id, keystone_admin_password, keystone_fernet_keys, keystone_database_password"
    )
    assert "kolla-lite init --update" in error.hint


def test_a_readable_file_is_refused(path: Path, made: Secrets) -> None:
    path.chmod(0o640)
    assert refused(path).hint == f"run `chmod 600 {path}`"


def rotated(ring: Keyring, times: int, every: timedelta, lifetime: timedelta | None) -> Keyring:
    for turn in range(times):
        ring = secrets.rotate(ring, secrets.fresh_key(NOW + every * (turn + 1)), lifetime)
    return ring


def first_ring() -> Keyring:
    return (secrets.fresh_key(NOW), secrets.fresh_key(NOW - timedelta(seconds=1)))


def test_rotation_promotes_the_staged_key() -> None:
    ring = first_ring()
    fresh = secrets.fresh_key(NOW + timedelta(days=1))
    assert secrets.rotate(ring, fresh, timedelta(days=1)) == (fresh, ring[1], ring[0])


@pytest.mark.parametrize("minutes", [1, 30, 60, 400, 1440])
def test_no_live_token_loses_its_key(minutes: int) -> None:
    """Tokens sealed just before a rotation stay readable for their lifetime, however often keys rotate."""
    lifetime, every = timedelta(hours=6), timedelta(minutes=minutes)
    ring = first_ring()
    live: list[tuple[datetime, bytes]] = []
    for turn in range(1, 60):
        now = NOW + every * turn
        live.append((now, Fernet(ring[-1].key).encrypt(b"token")))
        ring = secrets.rotate(ring, secrets.fresh_key(now), lifetime)
        reader = MultiFernet([Fernet(key.key) for key in ring])
        for sealed_at, token in live:
            if now - sealed_at <= lifetime:
                assert reader.decrypt(token) == b"token"
    assert len(ring) <= lifetime / every + 4


def test_without_a_lifetime_no_key_is_dropped() -> None:
    assert len(rotated(first_ring(), 20, timedelta(days=400), None)) == 22


def test_a_key_keeps_its_file_name_for_life() -> None:
    """However fast keys rotate; only the staged one moves, from 0 to its own number."""
    ring = first_ring()
    seen: dict[str, str] = {}
    for _ in range(5):
        files = secrets.files(ring)
        assert list(files)[-1] == "0"
        assert files["0"] == ring[0].key
        assert files[str(max(map(int, files)))] == ring[-1].key
        numbered = {key: name for name, key in files.items() if name != "0"}
        assert all(seen.setdefault(key, name) == name for key, name in numbered.items())
        ring = secrets.rotate(ring, secrets.fresh_key(NOW), None)


def test_a_keyring_out_of_order_is_refused(path: Path) -> None:
    staged, primary = first_ring()
    secrets.save(path, Secrets({}, {"keystone_fernet_keys": (primary, staged)}), SERVICES)
    with pytest.raises(UserError, match="out of order"):
        Secrets.load_partial(path, SERVICES)


def test_keys_do_not_show_themselves() -> None:
    key = secrets.fresh_key(NOW)
    assert key.key not in repr(key)
    assert key == Key(key.key, NOW)
