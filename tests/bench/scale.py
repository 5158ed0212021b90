"""How a run that changes nothing grows with services and with hosts. Asserts nothing; prints a table as it measures.

    python tests/bench/scale.py [--services 5,10,20] [--hosts 1,10,50] [--runs 3] [--json FILE] [--plot FILE.svg]
    python tests/bench/scale.py --replot FILE --plot FILE.svg

Services are made up: each is a container that sleeps, with two configuration files and an endpoint, declared in a copy
of this checkout that has no other services. Hosts are one machine, a container with an engine of its own, that has an
address for each of them: every host costs an SSH connection, a rendering of all its files and a module that really
looks at an engine, but all share this machine's processors. So seconds of many hosts are worse than they would be, and
`controller s`, the processor time of the command and all its children, is what to compare. `hosts s` is that of the
machine, all hosts together. Round trips are commands over SSH, counted by the machine's SSH server.

The yardstick is `ansible all -m ping` over the same hosts. Needs an engine, and the images memcached and debian.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import docker
import yaml
from curves import Chart, Curve, draw

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from machines import Machine, Machines  # noqa: E402 - a module of the other suite

MAXIMUM_HOSTS = 200
FIRST_ADDRESS = 20
IMAGE = "kolla-lite/memcached:2026.1"
SESSIONS = "/var/log/ssh-sessions"
DECLARATION = """\
name: {name}
description: Made up.
user: {{name: memcached, uid: 42457}}
endpoints: [{{port: {port}}}]
config:
  - {{name: {name}.conf, format: ini}}
  - {{name: clients.json}}
secrets: {{password: {{}}}}
containers:
  - {{name: {name}, image: memcached, place: {{role: compute}}, command: sleep infinity, memory_mb: 1}}
"""
CONFIGURATION = """\
[DEFAULT]
debug = {{ globals.debug }}
workers = {{ globals.workers }}
{% for group in ["database", "cache", "messages"] %}

[{{ group }}]
connection = {{ url(service.name) | ini }}
password = {{ secret(service.name ~ "_password") | ini }}
{% endfor %}
"""
CLIENTS = """{{ {"url": url(service.name), "region": globals.region} | json }}\n"""
COMMANDS = {"plan": ("deploy", "--dry-run", "--json"), "deploy": ("deploy", "--json")}


@dataclass(frozen=True)
class Row:
    """One measurement: the median of several runs. Tasks and round trips are per host."""

    what: str
    services: int
    hosts: int
    seconds: float
    controller: float
    machines: float
    tasks: float
    trips: float

    def __str__(self) -> str:
        return (
            f"{self.what:8} {self.services:8} {self.hosts:5} {self.seconds:8.1f} {self.controller:12.1f}"
            f" {self.machines:8.1f} {self.tasks:10.1f} {self.trips:11.1f}"
        )


class Simulation:
    """A checkout with made-up services, an operator's folder, and one machine that stands for all hosts."""

    def __init__(self, folder: Path, machine: Machine, ssh: dict[str, object]) -> None:
        self.tree = folder / "tree"
        self.directory = folder / "cloud"
        self._machine, self._ssh = machine, ssh
        self._container = docker.from_env().containers.get(machine.container)
        self._network = machine.address.rpartition(".")[0]
        machine.load(IMAGE)
        self._prepare_machine()
        for part in ("kolla_lite", "ansible", "docker", "etc"):
            shutil.copytree(ROOT / part, self.tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        for path in self.tree.glob("ansible/roles/*/service.yml"):
            shutil.rmtree(path.parent)

    def _prepare_machine(self) -> None:
        addresses = range(FIRST_ADDRESS, FIRST_ADDRESS + MAXIMUM_HOSTS)
        self._machine.run("; ".join(f"ip address add {self._network}.{number}/24 dev eth0" for number in addresses))
        # Real hosts have an SSH server each; this one answers for all. It runs sshrc once for each command.
        self._machine.run(
            "printf 'MaxStartups 1000\\n' >/etc/ssh/sshd_config.d/bench.conf; kill -HUP $(cat /run/sshd.pid);"
            f" echo 'echo >>{SESSIONS}' >/etc/ssh/sshrc"
        )
        self._machine.wait(engine=True)

    def declare(self, services: int) -> None:
        """Declare this many services, with their secrets; there may be fewer already."""
        for number in range(1, services + 1):
            name = f"service{number:02}"
            role = self.tree / "ansible/roles" / name
            if not role.exists():
                (role / "templates").mkdir(parents=True)
                (role / "meta").mkdir()
                (role / "service.yml").write_text(DECLARATION.format(name=name, port=9000 + number))
                (role / "meta/main.yml").write_text(f"dependencies: [{{role: service, service_name: {name}}}]\n")
                (role / f"templates/{name}.conf.j2").write_text(CONFIGURATION)
                (role / "templates/clients.json.j2").write_text(CLIENTS)
        self.kolla_lite("init", *(["--update"] if self.directory.exists() else ["--profile", "minimal"]))

    def resize(self, hosts: int) -> None:
        """Have this many hosts in hosts.yml."""
        last = FIRST_ADDRESS + hosts - 1
        entry = {
            "address": f"{self._network}.[{FIRST_ADDRESS}:{last}]", "roles": ["control", "compute"], "ssh": self._ssh
        }  # fmt: skip
        (self.directory / "hosts.yml").write_text(yaml.safe_dump({"hosts": {f"h[1:{hosts}]": entry}}))

    def kolla_lite(self, *arguments: str) -> str:
        """Run a command of this checkout's copy; its standard output."""
        return self.run([sys.executable, "-m", "kolla_lite", *arguments])

    def ping(self) -> str:
        """The yardstick: what Ansible takes to reach the same hosts by an inventory without plugins."""
        inventory = self.directory.parent / "inventory.yaml"
        if not inventory.exists() or inventory.stat().st_mtime < (self.directory / "hosts.yml").stat().st_mtime:
            self.kolla_lite("inventory", "--export", str(inventory))
        program = str(Path(sys.executable).with_name("ansible"))
        return self.run([program, "-i", str(inventory), "all", "-m", "ansible.builtin.ping"])

    def run(self, command: Sequence[str]) -> str:
        """Run a program as an operator would; its standard output. Ends the bench with what it said when it fails."""
        environment = {
            "PYTHONPATH": str(self.tree),
            "KOLLA_LITE_CONFIG": str(self.directory),
            "ANSIBLE_CONFIG": str(self.tree / "ansible/ansible.cfg"),
        }
        done = subprocess.run(
            command, cwd=self.tree, env=os.environ | environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def measure(self, what: str, services: int, hosts: int, runs: int, act: Callable[[], str]) -> Row:
        """Do something several times. SSH connections are new in each run."""
        seconds, controller, machines, said, trips = [], [], [], "", 0
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as sockets:
                os.environ["ANSIBLE_SSH_CONTROL_PATH_DIR"] = sockets
                self._machine.run(f": >{SESSIONS}")
                begun, here, there = time.monotonic(), _used(), self._used_there()
                said = act()
                seconds.append(time.monotonic() - begun)
                controller.append(_used() - here)
                machines.append(self._used_there() - there)
                trips = int(self._machine.run(f"wc -l <{SESSIONS}").stdout) - 1  # this question is one too
        tasks = json.loads(said)["tasks"] if said.startswith("{") else hosts
        middle = [round(statistics.median(values), 2) for values in (seconds, controller, machines)]
        return Row(what, services, hosts, *middle, tasks / hosts, trips / hosts)

    def _used_there(self) -> float:
        return float(self._container.stats(stream=False)["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9)


def _used() -> float:
    """Seconds of processor time of all processes that this one has waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rows(simulation: Simulation, services: Sequence[int], hosts: Sequence[int], runs: int) -> Iterator[Row]:
    """Every combination from the smallest cloud up; of the most hosts, which take long, only that of the most services."""
    for size in services:
        simulation.declare(size)
        simulation.resize(1)
        simulation.kolla_lite("deploy")
        for count in hosts if size == services[-1] else hosts[:-1] or hosts:
            simulation.resize(count)
            yield simulation.measure("ping", size, count, runs, simulation.ping)
            for what, command in COMMANDS.items():
                row = simulation.measure(what, size, count, runs, lambda: simulation.kolla_lite(*command))  # noqa: B023
                yield row


def chart(measured: Sequence[Row], title: str, across: str, fixed: str) -> Chart:
    """Controller time over one of `services` and `hosts`, at the largest of the other that all of the one were measured at."""
    found: dict[int, set[int]] = {}
    for row in measured:
        found.setdefault(getattr(row, fixed), set()).add(getattr(row, across))
    at = max(value for value, places in found.items() if len(places) == max(map(len, found.values())))
    rows = [row for row in measured if getattr(row, fixed) == at]
    names = dict.fromkeys(row.what for row in rows)
    curves = [
        Curve(name, [(getattr(row, across), row.controller) for row in rows if row.what == name]) for name in names
    ]
    return Chart(f"{title}, {at} {fixed}", across, "processor seconds", curves)


def main() -> None:
    """Measure and print, or draw what was measured before."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", default="5,10,20", help="how many, in ascending order")
    parser.add_argument("--hosts", default="1,10,50", help=f"how many, {MAXIMUM_HOSTS} at most")
    parser.add_argument("--runs", type=int, default=3, help="runs that each figure is the median of")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures there, each as soon as it is known")
    parser.add_argument("--replot", type=Path, metavar="FILE", help="measure nothing, take these figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the curves as SVG")
    arguments = parser.parse_args()
    header = f"{'':8} {'services':>8} {'hosts':>5} {'seconds':>8} {'controller s':>12} {'hosts s':>8}"
    print(f"{header} {'tasks/host':>10} {'trips/host':>11}", flush=True)
    measured = [Row(**row) for row in json.loads(arguments.replot.read_text())] if arguments.replot else []
    for row in measured:
        print(row)
    if not measured:
        with tempfile.TemporaryDirectory(prefix="kolla-lite-bench-") as folder, Machines(Path(folder), 1) as machines:
            ssh = {"user": "root", "key": f"{folder}/key", "options": {"UserKnownHostsFile": f"{folder}/known_hosts"}}
            simulation = Simulation(Path(folder), machines["host1"], ssh)
            sizes = [[int(size) for size in text.split(",")] for text in (arguments.services, arguments.hosts)]
            for row in rows(simulation, *sizes, arguments.runs):
                print(row, flush=True)
                measured.append(row)
                if arguments.json:
                    arguments.json.write_text(json.dumps([asdict(row) for row in measured], indent=1) + "\n")
    if arguments.plot:
        parts = [chart(measured, "Services", "services", "hosts"), chart(measured, "Hosts", "hosts", "services")]
        arguments.plot.write_text(draw("A run that changes nothing: what it costs the controller", parts))


if __name__ == "__main__":
    main()
