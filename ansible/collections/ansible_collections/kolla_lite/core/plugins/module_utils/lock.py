"""Who may change a host, as the host holds it: one cloud for life, and of its runs one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile

FOLDER = "/var/lib/kolla-lite"
OWNER = "cloud"
_LOCK = "lock.json"


def read(folder=FOLDER):
    """Who holds the lock, as the run described itself with at least C(run), its id; None when nobody does."""
    try:
        with open(os.path.join(folder, _LOCK), encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError:
        return None


def owner(folder=FOLDER):
    """The mark of the cloud that this host belongs to; None of one that is new."""
    try:
        with open(os.path.join(folder, OWNER), encoding="utf-8") as stream:
            return stream.read().strip()
    except FileNotFoundError:
        return None


def disown(folder=FOLDER):
    """Let the host belong to no cloud."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, OWNER))


def take(holder, instead_of=None, folder=FOLDER):
    """Hold the lock for a run, C(run), of a cloud, C(cloud); who holds it instead, or None once it is ours.

    `instead_of` is the id of a run that is over: its lock, and no other, is replaced. Of a host that belongs to another
    cloud, C(cloud) alone is returned.
    """
    os.makedirs(folder, mode=0o750, exist_ok=True)
    with _alone(folder):
        belongs = owner(folder)
        if belongs not in (None, holder["cloud"]):
            return {"cloud": belongs}
        held = read(folder)
        if held and held["run"] not in (holder["run"], instead_of):
            return held
        if belongs is None:
            _write(folder, OWNER, holder["cloud"] + "\n")
        _write(folder, _LOCK, json.dumps(holder))
    return None


def release(runs, folder=FOLDER):
    """Let go of the lock if one of these runs holds it; whether one did."""
    if not os.path.isdir(folder):
        return False
    with _alone(folder):
        held = read(folder)
        if held is None or held["run"] not in runs:
            return False
        os.unlink(os.path.join(folder, _LOCK))
    return True


@contextlib.contextmanager
def _alone(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(folder, name, text):
    handle, temporary = tempfile.mkstemp(dir=folder, prefix="." + name)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, os.path.join(folder, name))
