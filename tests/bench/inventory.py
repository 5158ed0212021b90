"""Seconds that `kolla-lite inventory --json` takes for 10,000 hosts: `python tests/bench/inventory.py [HOSTS]`.

Once with the hosts in one line, by ranges, and once written out one by one. Prints a JSON object; asserts nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENTRY = "    roles: [control, network, compute]\n"


def by_range(count: int) -> str:
    return f"hosts:\n  h[1:{count}]:\n    address: h[1:{count}].example.com\n{ENTRY}    zone: z\n"


def one_by_one(count: int) -> str:
    entries = (
        f"  h{number}:\n    address: 10.{number >> 16}.{number >> 8 & 255}.{number & 255}\n{ENTRY}    zone: z{number % 4}\n"
        for number in range(1, count + 1)
    )
    return "hosts:\n" + "".join(entries)


def seconds(hosts: str) -> float:
    """Wall time of the whole command, interpreter included."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hosts.yml").write_text(hosts)
        command = [str(Path(sys.executable).with_name("kolla-lite")), "inventory", "--config", folder, "--json"]
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return round(time.perf_counter() - begun, 2)


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    times = {"by range": seconds(by_range(number)), "one by one": seconds(one_by_one(number))}
    print(json.dumps({"hosts": number, "seconds": times}))
