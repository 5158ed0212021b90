"""Runs a module of a checkout in the checkout's own environment, `.venv`, which it makes when it is missing.

Shared by `python3 -m kolla_lite` and `python3 -m tests`. Only the standard library is needed, and the syntax stays
readable for older Pythons, so that those get a sentence instead of a traceback.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from kolla_lite.errors import EXIT_FAILED, EXIT_INTERRUPTED, UserError

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
LINK = Path("/usr/local/bin/kolla-lite")
MINIMUM = (3, 11)
_SHOWN = ("Collecting ", "Building wheel", "Installing collected", "Successfully installed kolla")
_TRY_AGAIN = "check that PyPI, or the mirror that pip is configured for, can be reached, and run the same command again"


def is_installed() -> bool:
    """Whether kolla-lite is installed in this interpreter; what a build left in the checkout does not count."""
    places = [entry for entry in sys.path if entry and Path(entry).resolve() != CHECKOUT]
    return any(True for _ in importlib.metadata.distributions(name="kolla-lite", path=places))


def enter(module: str) -> None:
    """Return when this interpreter is that of an up-to-date `.venv`; otherwise run `python -m module` in it.

    The environment is brought up to date when setup.cfg changes. Exits with a sentence when it cannot be made.
    """
    inside = Path(sys.prefix) == VENV
    try:
        if not is_current():
            _create(inside)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        raise SystemExit(EXIT_INTERRUPTED) from None
    if not inside:
        python = str(VENV / "bin" / "python")
        os.execv(python, [python, "-m", module, *sys.argv[1:]])  # noqa: S606 - no shell is wanted


def check_version(version: tuple[int, ...]) -> None:
    """UserError when `version` is older than the project supports."""
    if version[:2] < MINIMUM:
        found, wanted = (".".join(map(str, numbers)) for numbers in (version[:3], MINIMUM))
        raise UserError(
            f"Python {wanted} or newer is needed, this is {found}",
            hint="use a newer python3: Debian 12 and 13 have one",
        )


def stamp() -> str:
    """What an environment is made from: equal stamps, equal environments."""
    content = b"".join((CHECKOUT / name).read_bytes() for name in ("setup.cfg", "pyproject.toml"))
    return f"{sys.version_info[0]}.{sys.version_info[1]} {CHECKOUT} {hashlib.sha256(content).hexdigest()}"


def is_current() -> bool:
    """Whether `.venv` is complete and made from the present setup.cfg by this version of Python."""
    try:
        return (VENV / "stamp").read_text() == stamp() and (VENV / "bin" / "python").exists()
    except FileNotFoundError:
        return False


def _create(inside: bool) -> None:
    check_version(sys.version_info[:3])
    print(f"setting up {VENV}: once, a minute or two", flush=True)
    if not inside:
        _ensure_ensurepip()
        _run([sys.executable, "-m", "venv", str(VENV)], "remove .venv and run the same command again")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    _run([*pip, "install", "--progress-bar", "off", "--editable", f"{CHECKOUT}[dev]"], _TRY_AGAIN)
    (VENV / "stamp").write_text(stamp())
    _link()


def _ensure_ensurepip() -> None:
    """Debian keeps the part of Python that makes environments in a package of its own."""
    if importlib.util.find_spec("ensurepip"):
        return
    if os.geteuid() != 0 or not Path("/usr/bin/apt-get").exists():
        raise UserError("this Python cannot make virtual environments", hint="install python3-venv and run it again")
    _run(["apt-get", "update"], "check /etc/apt/sources.list and the network")
    _run(["apt-get", "install", "--yes", "--no-install-recommends", "python3-venv"], "install python3-venv by hand")


def _run(command: list[str], hint: str) -> None:
    """Run a command, showing the lines that tell how far it is. UserError with its last lines when it fails."""
    lines: list[str] = []
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if line.startswith(_SHOWN):
                print(f"  {line.partition(' (')[0][:100].rstrip()}", flush=True)
    if process.returncode:
        last = "\n  ".join(lines[-15:])
        raise UserError(f"{' '.join(command[:4])} … failed:\n  {last}", hint=hint, exit_code=EXIT_FAILED)


def _link() -> None:
    """Make `kolla-lite` a command for everyone, where that overwrites nothing."""
    command = VENV / "bin" / "kolla-lite"
    if os.geteuid() != 0 or LINK.exists():
        return
    LINK.unlink(missing_ok=True)  # a link to a checkout that is gone
    LINK.symlink_to(command)
    print(f"  the command kolla-lite is now {LINK} → {command}", flush=True)
