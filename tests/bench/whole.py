"""A whole cloud on this machine: from nothing to a server that was reached, and where that time goes, as a picture.

    python tests/bench/whole.py [--cold] [--plot FILE.svg]
    python tests/bench/whole.py --run DIR --plot FILE.svg      draws a recorded run, and measures nothing

Brings up a cloud of the profile `compute`, so none may run here, and removes it. `--cold` also builds every image from
nothing. Seconds depend on the machine: compare them with one another.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import docker
from curves import STYLE
from deploy import CLI, Table, timed

from kolla_lite.runs.history import Run, find, load, services_of

KINDS = {"service_containers": "containers", "service_jobs": "jobs"}
"""What is worth a colour of its own; all else is `other`."""
WIDTH, LEFT, TOP, LINE = 720, 150, 64, 18
IDLE_SECONDS = 60


def spent(run: Run) -> dict[str, dict[str, float]]:
    """Seconds by service, or by the first word of a play for all of them, and by kind, in the order of the run."""
    found: dict[str, dict[str, float]] = {}
    for event in run.events:
        if event.get("state") in ("ok", "failed") and "seconds" in event:
            kinds = found.setdefault(services_of(event)[0].split()[0], {})
            kind = KINDS.get(event["action"], "other")
            kinds[kind] = kinds.get(kind, 0) + event["seconds"]
    return found


def picture(title: str, parts: Mapping[str, Mapping[str, float]]) -> str:
    """An SVG of a bar for each part, of its kinds side by side."""
    kinds = [*KINDS.values(), "other"]
    scale = (WIDTH - LEFT - 60) / max(sum(seconds.values()) for seconds in parts.values())
    height = TOP + LINE * len(parts) + 12
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">', STYLE.rstrip()]
    lines.append(f'<text class="title" x="12" y="24">{title}</text>')
    lines += [f'<text class="c{2 - n}" x="{LEFT + 90 * n}" y="48">{kind}</text>' for n, kind in enumerate(kinds)]
    for number, (part, seconds) in enumerate(parts.items()):
        x, y = float(LEFT), TOP + LINE * number
        lines.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{part}</text>')
        for place, kind in enumerate(kinds):
            width = round(seconds.get(kind, 0) * scale, 1)
            lines.append(f'<rect class="c{2 - place}" x="{x:.1f}" y="{y}" width="{width}" height="{LINE - 4}"/>')
            x += width
        lines.append(f'<text x="{x + 6:.1f}" y="{y + 12}">{sum(seconds.values()):.0f} s</text>')
    return "\n".join([*lines, "</svg>", ""])


def busy_share(seconds: float) -> float:
    """Which share of all processors this machine uses meanwhile."""

    def jiffies() -> tuple[int, int]:
        fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]  # idle and waiting for a disk

    before = jiffies()
    time.sleep(seconds)
    total, idle = (after - earlier for after, earlier in zip(jiffies(), before, strict=True))
    return 1 - idle / total


def memory_mib() -> float:
    """What all containers of this machine use."""
    engine = docker.from_env()
    return sum(each.stats(stream=False)["memory_stats"]["usage"] for each in engine.containers.list()) / 2**20


def measure(directory: Path, cold: bool) -> Run:
    """Print every row; the run that brought the cloud up."""
    table = Table(1.0)
    timed([*CLI, "init"], directory)
    if cold:
        table.row("build, every image from nothing", [timed([*CLI, "build", "--no-cache"], directory)[0]])
    table.row("up, from nothing but images", [timed([*CLI, "up"], directory)[0]])
    run = find(directory, "last")
    table.row("verify", [timed([*CLI, "verify"], directory)[0]])
    table.row("deploy, nothing changed", [timed([*CLI, "deploy"], directory)[0] for _ in range(3)])
    print(f"containers: {len(docker.from_env().containers.list())}, {memory_mib():.0f} MiB")
    print(f"processors in use while nobody asks for anything: {busy_share(IDLE_SECONDS):.0%}")
    return run


def main() -> None:
    """Measure and draw, or only draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="build every image from nothing first")
    parser.add_argument("--run", type=Path, help="folder of a recorded run, to draw it only")
    parser.add_argument("--plot", type=Path, help="where the picture goes")
    wanted = parser.parse_args()
    if wanted.run:
        run = load(wanted.run)
    else:
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder)
            try:
                run = measure(directory, wanted.cold)
            finally:
                timed([*CLI, "destroy", "--volumes", "--yes"], directory)
    if wanted.plot:
        wanted.plot.write_text(picture("Seconds from nothing to a whole cloud, images built", spent(run)))


if __name__ == "__main__":
    sys.exit(main())
