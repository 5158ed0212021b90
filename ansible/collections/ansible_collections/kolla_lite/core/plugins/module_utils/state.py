"""Small files in which a host keeps what runs need to know of one another. Only the standard library: the controller loads this
file by its path."""

from __future__ import annotations

import os
import tempfile

FOLDER = "/var/lib/kolla-lite"
OWNER = "cloud"
"""The file with the mark of the cloud that the host belongs to."""


def read(path):
    """The text of a file; None when it is not there."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def write(path, text):
    """Put a file in place in one step, for its owner alone."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, path)
