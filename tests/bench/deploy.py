"""How long building and deploying take on this machine, cold and unchanged; what it counts is exact, seconds are not.

    python tests/bench/deploy.py [--cold] [--runs N]

Brings up a cloud of its own on this machine, so none may run there, and removes it. `--cold` also builds every image
from nothing. Seconds depend on the machine: compare the ratios to the yardstick, Ansible doing nothing once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLI = [sys.executable, "-m", "kolla_lite"]
YARDSTICK = [str(Path(sys.executable).with_name("ansible")), "localhost", "-m", "ansible.builtin.ping"]


def timed(command: list[str], directory: Path) -> tuple[float, str]:
    """Seconds of wall-clock time and standard output of a command that must succeed."""
    environment = {**os.environ, "KOLLA_LITE_CONFIG": str(directory), "PYTHONPATH": str(ROOT)}
    begin = time.monotonic()
    done = subprocess.run(
        command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.monotonic() - begin, done.stdout


class Table:
    """Prints a row per measurement as soon as it is there."""

    def __init__(self, yardstick: float) -> None:
        self.yardstick = yardstick
        print(f"{'what':44} {'median s':>9} {'× yardstick':>12}  counted", flush=True)

    def row(self, what: str, seconds: list[float], counted: str = "") -> None:
        """One line; several runs are shown by their median."""
        median = statistics.median(seconds)
        print(f"{what:44} {median:9.1f} {median / self.yardstick:12.1f}  {counted}", flush=True)


def measure(directory: Path, cold: bool, runs: int) -> None:
    """Every row, in the order in which an operator would meet them."""

    def again(*arguments: str, times: int = runs) -> tuple[list[float], str]:
        done = [timed([*CLI, *arguments], directory) for _ in range(times)]
        return [seconds for seconds, _ in done], done[-1][1]

    table = Table(statistics.median(timed(YARDSTICK, directory)[0] for _ in range(runs)))
    table.row("yardstick: ansible, one ping", [table.yardstick])
    again("init", "--profile", "minimal", times=1)
    table.row("build, first" if cold else "build", again("build", *(["--no-cache"] if cold else []), times=1)[0])
    table.row("build, nothing changed", again("build")[0])
    table.row("validate", again("validate")[0])
    table.row("precheck", again("precheck")[0])
    seconds, said = again("deploy", "--json", times=1)
    table.row("deploy, first, images present", seconds, counts(said))
    seconds, said = again("deploy", "--json")
    table.row("deploy, nothing changed", seconds, counts(said))
    (directory / "config" / "keystone.conf").write_text("[DEFAULT]\ninsecure_debug = true\n")
    seconds, said = again("deploy", "--json", times=1)
    table.row("deploy, one option of one service", seconds, counts(said))
    images = json.loads(again("build", "--list", "--json", times=1)[1])
    print("image sizes: " + ", ".join(f"{image['name']} {image['size']}" for image in images))


def counts(said: str) -> str:
    """What a deploy counted: steps carried out, tasks that Ansible ran."""
    report = json.loads(said)
    return f"{len(report['steps'])} steps, {report['tasks']} tasks"


def main() -> None:
    """Measure in a folder of its own, and take the cloud down again whatever happens."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="build every image from nothing first")
    parser.add_argument("--runs", type=int, default=3, help="runs of what is measured several times")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kolla-lite-bench-") as folder:
        directory = Path(folder, "cloud")
        directory.mkdir()
        try:
            measure(directory, arguments.cold, arguments.runs)
        finally:
            if (directory / "hosts.yml").exists():
                timed([*CLI, "destroy", "--volumes", "--yes"], directory)


if __name__ == "__main__":
    main()
