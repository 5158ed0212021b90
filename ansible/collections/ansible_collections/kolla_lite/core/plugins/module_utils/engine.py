"""The Docker engine of this machine: look at it, decide what it lacks, install, configure and start it.

Only the standard library is used: the `host` module brings this file to hosts, and kolla_lite/engine.py loads the same
file on the controller. Looking and deciding are apart from doing, so that check mode and tests need no engine.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SOCKET = "/var/run/docker.sock"
PID_FILE = Path("/var/run/docker.pid")
DAEMON_JSON = Path("/etc/docker/daemon.json")
LOG = Path("/var/log/dockerd.log")
MINIMUM_VERSION = (20, 10)
START_SECONDS = 60
RELOAD_SECONDS = 10
_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PLUGINS = [
    Path(root, "docker/cli-plugins/docker-buildx")
    for root in ("/usr/libexec", "/usr/lib", "/usr/local/libexec", "/usr/local/lib")
]

# The package that brings each part; a part without one is not needed there (Debian 12's client builds by itself).
PACKAGES: Mapping[str, Mapping[str, str]] = {
    "debian 12": {"engine": "docker.io", "client": "docker.io", "sdk": "python3-docker"},
    "debian 13": {"engine": "docker.io", "client": "docker-cli", "builder": "docker-buildx", "sdk": "python3-docker"},
}
ON_HOST = ("engine", "client", "sdk")
"""The parts that a host of a cloud needs."""
ON_BUILDER = ("engine", "client", "builder")
"""The parts that building images needs; the controller brings its own SDK."""


class EngineError(Exception):
    """Something about the engine that a person must mend: a sentence, and the remedy."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class State(NamedTuple):
    """What was found: `version` is None when no engine answers, `present` names the parts of PACKAGES that are there,
    `enabled` is whether the engine starts with the machine, None where no init system would start it."""

    distribution: str
    version: str | None
    present: frozenset[str]
    enabled: bool | None
    root: bool


class Plan(NamedTuple):
    """What to do, in this order: packages to install, whether to start (and enable) the engine."""

    packages: tuple[str, ...]
    start: bool


# ---- looking ----


def distribution(os_release: str | None = None) -> str:
    """The distribution and its version, such as "debian 12", from the text of /etc/os-release."""
    text = Path("/etc/os-release").read_text() if os_release is None else os_release
    values = dict(re.findall(r"^(ID|VERSION_ID)=[\"']?([^\"'\n]*)", text, re.MULTILINE))
    return f"{values.get('ID', 'unknown')} {values.get('VERSION_ID', '')}".strip()


def ask(path: str, timeout: float = 30) -> dict[str, Any]:
    """The engine's answer to a GET request. OSError when there is none."""
    connection = http.client.HTTPConnection("localhost", timeout=timeout)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.settimeout(timeout)
        connection.sock.connect(SOCKET)
        connection.request("GET", path)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"no sensible answer at {SOCKET}: {error}") from None
    finally:
        connection.close()
    return answer


def version() -> str | None:
    """The version of the engine that answers, None when none does. EngineError when this user may not ask."""
    try:
        return str(ask("/version")["Version"])
    except PermissionError:
        raise EngineError("this user may not use the Docker engine", "run as root, or join the group docker") from None
    except (OSError, KeyError):
        return None


def has_systemd() -> bool:
    """Whether systemd runs this machine, as sd_booted(3) tells."""
    return Path("/run/systemd/system").is_dir()


def look() -> State:
    """The state of this machine. EngineError when this user may not ask the engine."""
    tests = {
        "engine": bool(shutil.which("dockerd", path=_PATH)),
        "client": bool(shutil.which("docker", path=_PATH)),
        "builder": any(path.exists() for path in _PLUGINS),
        "sdk": Path("/usr/lib/python3/dist-packages/docker").is_dir(),
    }
    enabled = None
    if has_systemd():
        command = ["systemctl", "is-enabled", "docker.service"]
        enabled = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() != "disabled"
    present = frozenset(part for part, found in tests.items() if found)
    return State(distribution(), version(), present, enabled, os.geteuid() == 0)


# ---- deciding ----


def check_distribution(name: str) -> None:
    """EngineError when hosts of this distribution are not supported."""
    if name not in PACKAGES:
        raise EngineError(f"the distribution {name!r} is not supported", f"use one of: {', '.join(PACKAGES)}")


def check_version(found: str) -> None:
    """EngineError when the engine is too old."""
    numbers = tuple(map(int, re.findall(r"\d+", found)[:2]))
    if numbers < MINIMUM_VERSION:
        wanted = ".".join(f"{number:02}" for number in MINIMUM_VERSION)
        raise EngineError(
            f"the Docker engine is {found}, but {wanted} or newer is needed",
            "upgrade it: Debian 12 and 13 have a newer docker.io",
        )


def decide(state: State, parts: Collection[str]) -> Plan:
    """What it takes until `parts` are there and the engine answers. EngineError when that cannot be had. Pure."""
    if state.version:
        check_version(state.version)
    known = PACKAGES.get(state.distribution, {})
    absent = [part for part in parts if part not in state.present]
    if state.version and "engine" in absent:
        absent.remove("engine")  # it answers, so it runs somewhere that is not on this machine's PATH
    packages = tuple(dict.fromkeys(known[part] for part in absent if part in known))
    if "engine" in absent:
        try:
            check_distribution(state.distribution)
        except EngineError as error:
            hint = f"install Docker {'.'.join(map(str, MINIMUM_VERSION))} or newer by hand, or {error.hint}"
            raise EngineError(f"there is no Docker engine, and {error}", hint) from None
    start = state.version is None or state.enabled is False
    if (packages or start) and not state.root:
        raise EngineError(
            "the Docker engine is not ready and only root can change that", "run the same command as root"
        )
    return Plan(packages, start)


def check_registry(name: str) -> None:
    """EngineError when this cannot be the name of a registry or a network of them: no engine would start."""
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?|[0-9a-fA-F.:]+/[0-9]+", name):
        raise EngineError(f"{name!r} is not a registry", "give it as host:port")


def merge(current: Mapping[str, Any], registries: Sequence[str]) -> dict[str, Any]:
    """daemon.json with what kolla-lite needs: adds, and never changes or drops what an operator wrote. Pure."""
    merged = {"live-restore": True, **current}  # containers go on while the engine restarts
    listed = list(current.get("insecure-registries", []))
    extra = [registry for registry in registries if registry not in listed]
    return {**merged, "insecure-registries": listed + extra} if extra else merged


# ---- doing ----


def run(command: Sequence[str]) -> None:
    """Run a command without input. EngineError with its last lines when it fails."""
    environment = {**os.environ, "PATH": _PATH, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        check=False,
    )
    if done.returncode:
        last = "\n".join(done.stdout.decode(errors="replace").splitlines()[-10:])
        raise EngineError(f"`{' '.join(command)}` failed:\n{last}", "mend what it says and run the same command again")


def install(packages: Sequence[str]) -> None:
    """Install packages of the distribution; another run of apt is waited for."""
    wait = "DPkg::Lock::Timeout=300"
    run(["apt-get", "--option", wait, "update"])
    run(["apt-get", "--option", wait, "install", "--yes", "--no-install-recommends", *packages])


def start() -> None:
    """Start the engine and wait until it answers: its unit where there is systemd, else in its own session."""
    started = None
    if has_systemd():
        run(["systemctl", "enable", "--now", "docker.service"])
    elif process() is None:
        # Only what an engine needs of the caller's environment: it outlives the caller and anybody can read it.
        kept = {
            key: value for key, value in os.environ.items() if re.fullmatch(r"(?i)(https?|no)_proxy|SSL_CERT_.*", key)
        }
        with LOG.open("ab") as log:
            started = subprocess.Popen(
                ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env={**kept, "PATH": _PATH},
                start_new_session=True,
            )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    while version() is None:
        if time.monotonic() > deadline or (started and started.poll() is not None):
            raise EngineError(f"the Docker engine does not start:\n{_last_log_lines()}", "mend what its log says")
        time.sleep(0.2)


def process() -> int | None:
    """The PID of the dockerd that runs here, by the file it keeps, None without one; it may not answer yet."""
    try:
        pid = int(PID_FILE.read_text())
        # Empty once it has ended, also while its parent has not asked how: comm would still name it.
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except (OSError, ValueError):
        return None
    return pid if Path(os.fsdecode(command)).name == "dockerd" else None


def _last_log_lines() -> str:
    return (
        "\n".join(LOG.read_text(errors="replace").splitlines()[-5:]) if LOG.exists() else "see `journalctl -u docker`"
    )


def read_daemon_json() -> tuple[str, dict[str, Any]]:
    """The text of daemon.json and what it says; empty when it is not there. EngineError when it is not a mapping."""
    text = DAEMON_JSON.read_text() if DAEMON_JSON.exists() else ""
    try:
        values = json.loads(text or "{}")
        if not isinstance(values, dict):
            raise ValueError("it is not a mapping")
    except ValueError as error:
        raise EngineError(f"{DAEMON_JSON} is not valid: {error}", "mend the file") from None
    return text, values


def write(path: Path, text: str) -> None:
    """Put a world-readable file in place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w") as stream:
        os.fchmod(handle, 0o644)
        stream.write(text)
    Path(temporary).replace(path)


def configure(old_text: str, wanted: Mapping[str, Any]) -> None:
    """Write daemon.json, and have a running engine read it again, which stops no container.

    EngineError when the engine does not take it; daemon.json is then as before, so that the engine can still start.
    """
    write(DAEMON_JSON, as_text(wanted))
    running = process()
    if running is None:
        return
    os.kill(running, signal.SIGHUP)
    deadline = time.monotonic() + RELOAD_SECONDS
    while not _took(ask("/info"), wanted):
        if time.monotonic() > deadline:
            if old_text:
                write(DAEMON_JSON, old_text)
            else:
                DAEMON_JSON.unlink()
            raise EngineError(
                f"the Docker engine did not take its new {DAEMON_JSON}:\n{_last_log_lines()}",
                "look for the same settings on dockerd's command line, or for swarm mode, which forbids live-restore",
            )
        time.sleep(0.1)


def as_text(values: Mapping[str, Any]) -> str:
    """daemon.json as it is written."""
    return json.dumps(values, indent=2) + "\n"


def _took(info: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the engine's own account of itself shows the settings. Networks among the registries are not compared."""
    known = info["RegistryConfig"]["IndexConfigs"]
    registries = [registry for registry in wanted.get("insecure-registries", []) if "/" not in registry]
    return info["LiveRestoreEnabled"] == wanted["live-restore"] and all(
        registry in known and not known[registry]["Secure"] for registry in registries
    )
