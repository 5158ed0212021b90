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
from collections.abc import Mapping, Sequence
from pathlib import Path

import docker
from curves import STYLE
from deploy import CLI, Table, timed

from kolla_lite.runs.history import Run, find, load
from kolla_lite.runs.timeline import Bar, bars, clock, ticks

KINDS = {"container": "containers until healthy", "job": "jobs"}
"""What is worth a colour of its own; all else is `other`."""
OTHER = "other"
WIDTH, LEFT, TOP, ROW, BAR = 720, 150, 64, 18, 10
IDLE_SECONDS = 60


def rows(found: Sequence[Bar]) -> dict[str, list[Bar]]:
    """What was done, by service, in the order of the run; what is for all services is a row of the first word of its play."""
    by_service: dict[str, list[Bar]] = {}
    for bar in found:
        by_service.setdefault(bar.service.split()[0].rstrip(","), []).append(bar)
    return by_service


def picture(title: str, found: Mapping[str, Sequence[Bar]]) -> str:
    """An SVG with a row for each service and a bar for all that was done, from when it began to when it ended."""
    end = max(bar.begun + bar.seconds for bars in found.values() for bar in bars)
    scale = (WIDTH - LEFT - 20) / end
    bottom = TOP + ROW * len(found)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 30}" role="img">', STYLE.rstrip()]
    lines.append(f'<text class="title" x="12" y="24">{title}</text>')
    kinds = [*KINDS.values(), OTHER]
    lines += [f'<text class="c{2 - n}" x="{LEFT + 180 * n}" y="48">{kind}</text>' for n, kind in enumerate(kinds)]
    for tick in ticks(end):
        x = LEFT + tick * scale
        lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}"/>')
        lines.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{clock(tick)}</text>')
    for number, (service, done) in enumerate(found.items()):
        y = TOP + ROW * number
        lines.append(f'<text x="{LEFT - 8}" y="{y + BAR}" text-anchor="end">{service}</text>')
        for bar in done:
            colour = 2 - kinds.index(KINDS.get(bar.kind, OTHER))
            x, width = LEFT + bar.begun * scale, max(bar.seconds * scale, 1)
            lines.append(
                f'<rect class="c{colour}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" opacity="0.7">'
                f"<title>{bar.name}: {bar.seconds:.1f} s</title></rect>"
            )
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
        wanted.plot.write_text(picture("From nothing to a whole cloud, images built", rows(bars(run))))


if __name__ == "__main__":
    sys.exit(main())
