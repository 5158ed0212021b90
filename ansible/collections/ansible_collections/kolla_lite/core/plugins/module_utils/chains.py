"""Changes of a host that do not wait for one another, side by side."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.kolla_lite.core.plugins.module_utils import containers

PER_PROCESSOR = 2  # half of the time, what starts waits for something else


def carry_out(chains, act):
    """Call act(client, change) for each change of each chain, in its order; a failure ends its own chain alone.

    A change is a dictionary with at least `name`. Returns what a module tells of it: `begun` and `seconds`, by name, in
    seconds since this began and for those that were done, `results` of act by name, and `failures`, messages by name.
    """
    told = {"begun": {}, "seconds": {}, "results": {}, "failures": {}}
    start = time.monotonic()

    def one(chain):
        name = chain[0]["name"]
        try:
            client = containers.connect()
            for change in chain:
                name, begun = change["name"], time.monotonic()
                containers.go_on()
                told["begun"][name] = round(begun - start, 1)
                told["results"][name] = act(client, change)
                told["seconds"][name] = round(time.monotonic() - begun, 1)
        except containers.ContainerError as error:
            told["failures"][name] = str(error)

    with ThreadPoolExecutor(PER_PROCESSOR * (os.cpu_count() or 1)) as pool:
        list(pool.map(one, [chain for chain in chains if chain]))
    return told
