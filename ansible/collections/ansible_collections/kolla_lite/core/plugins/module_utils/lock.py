"""The lock as one host holds it: a file that says which run may change things here."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from contextlib import contextmanager

FOLDER = "/var/lib/kolla-lite"


def read(folder=FOLDER):
    """Who holds the lock, as the run described itself with at least C(run), its id; None when nobody does."""
    try:
        with open(_file(folder), encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError:
        return None


def take(holder, instead_of=None, folder=FOLDER):
    """Hold the lock for a run; the run that holds it instead, or None once it is ours.

    `instead_of` is the id of a run that is over: its lock, and no other, is replaced.
    """
    os.makedirs(folder, mode=0o750, exist_ok=True)
    with _alone(folder):
        held = read(folder)
        if held and held["run"] not in (holder["run"], instead_of):
            return held
        _write(folder, holder)
    return None


def release(runs, folder=FOLDER):
    """Let go of the lock if one of these runs holds it; whether one did."""
    if not os.path.isdir(folder):
        return False
    with _alone(folder):
        held = read(folder)
        if held is None or held["run"] not in runs:
            return False
        os.unlink(_file(folder))
    return True


def _file(folder):
    return os.path.join(folder, "lock.json")


@contextmanager
def _alone(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(folder, holder):
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".lock-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(holder, stream)
    os.replace(temporary, _file(folder))
