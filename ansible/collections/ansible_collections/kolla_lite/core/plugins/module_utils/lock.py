"""Who may change a host, as the host holds it: one cloud for life, and of its runs one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os

from ansible_collections.kolla_lite.core.plugins.module_utils import state

_LOCK = "lock.json"


def read(folder=state.FOLDER):
    """Who holds the lock, as the run described itself with at least C(run), its id; None when nobody does."""
    text = state.read(os.path.join(folder, _LOCK))
    return None if text is None else json.loads(text)


def owner(folder=state.FOLDER):
    """The mark of the cloud that this host belongs to; None of one that is new."""
    text = state.read(os.path.join(folder, state.OWNER))
    return None if text is None else text.strip()


def disown(folder=state.FOLDER):
    """Let the host belong to no cloud."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, state.OWNER))


def take(holder, instead_of=None, folder=state.FOLDER):
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
            state.write(os.path.join(folder, state.OWNER), holder["cloud"] + "\n")
        state.write(os.path.join(folder, _LOCK), json.dumps(holder))
    return None


def release(runs, folder=state.FOLDER):
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
