"""One change at a time on a host, and no waiting for a controller that is gone.

When the run that started a module is killed, the module goes on by itself: it only notices that nobody reads its answer.
A module that waits looks for that with `abandoned`. The next run's modules wait until it has let go of the host.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import time

LOCK = "/run/kolla-lite.busy"
SETTLE_SECONDS = 60
POLL_SECONDS = 0.1


@contextlib.contextmanager
def changing():
    """Hold the host while it is changed; a module that still changes it is waited for. The kernel frees it in any case.

    On the controller itself a killed run's modules are told to end, elsewhere not. What was begun is finished here too.
    """
    with _opened() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def looking():
    """Wait until nobody changes the host, or for SETTLE_SECONDS: then it is looked at as it is."""
    deadline = time.monotonic() + SETTLE_SECONDS
    with _opened() as handle:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(POLL_SECONDS)
        yield


@contextlib.contextmanager
def _opened():
    handle = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def abandoned():
    """Whether nobody reads the answer of this module any more."""
    poll = select.poll()
    poll.register(1, 0)  # errors and hang-ups are told in any case
    return any(event & (select.POLLERR | select.POLLHUP) for _handle, event in poll.poll(0))
