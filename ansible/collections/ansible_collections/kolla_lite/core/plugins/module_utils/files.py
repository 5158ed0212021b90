"""Configuration folders on a host: look at them, write them atomically."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile


def observe(root):
    """Every file below root/<container>/: {container: {path: {sha256, mode, uid}}}. `path` is relative."""
    found = {}
    for container in sorted(os.listdir(root)) if os.path.isdir(root) else []:
        folder = os.path.join(root, container)
        files = found[container] = {}
        for parent, _folders, names in os.walk(folder):
            for name in names:
                path = os.path.join(parent, name)
                info = os.lstat(path)
                with open(path, "rb") as stream:
                    digest = hashlib.sha256(stream.read()).hexdigest()
                files[os.path.relpath(path, folder)] = {
                    "sha256": digest,
                    "mode": "0{0:03o}".format(stat.S_IMODE(info.st_mode)),
                    "uid": info.st_uid,
                }
    return found


def write(root, container, path, content, mode, uid):
    """Put a file in place in one step: a reader sees the old one or the new one, never a part."""
    folder = os.path.join(root, container)
    target = os.path.join(folder, path)
    parent = os.path.dirname(target)
    os.makedirs(parent, exist_ok=True)
    step = folder
    for part in [".", *os.path.relpath(parent, folder).split(os.sep)]:
        step = os.path.normpath(os.path.join(step, part))
        os.chown(step, 0, uid)
        os.chmod(step, 0o750)
    handle, temporary = tempfile.mkstemp(dir=parent, prefix=".new-")
    try:
        os.fchown(handle, uid, uid)
        os.fchmod(handle, int(mode, 8))
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def remove(root, container, path):
    """Remove a file, and the folders that it leaves empty."""
    folder = os.path.join(root, container)
    target = os.path.join(folder, path)
    if os.path.lexists(target):
        os.unlink(target)
    parent = os.path.dirname(target)
    while parent.startswith(folder) and not os.listdir(parent):
        os.rmdir(parent)
        parent = os.path.dirname(parent)
