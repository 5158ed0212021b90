"""`python3 -m tests [SUITE ...]`: all the tests, from a checkout, with nothing but Python and git installed.

Runs the environments of tox.ini one after another, shows how long each took, and ends with one line in pytest's form
that adds up what they counted. A suite that fails does not stop the next.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from kolla_lite import selfsetup
from kolla_lite.engine import ensure_engine, local
from kolla_lite.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FAILED, UserError

SUITES = ("lint", "unit", "molecule", "e2e")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NEED_ENGINE = {"molecule", "e2e"}
_SUMMARY = re.compile(r"=+ (?P<counts>\d+ [a-z]+.*) in [\d.]+s.*=+")
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|xfailed|xpassed|error)")


def uv_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """What tells uv, which makes tox's environments, to trust the machine's certificates and use pip's index."""
    found = {"UV_SYSTEM_CERTS": "1"} if CERTIFICATES.exists() else {}
    if "PIP_INDEX_URL" in environ:
        found["UV_DEFAULT_INDEX"] = environ["PIP_INDEX_URL"]
    return {name: value for name, value in found.items() if name not in environ}


def counts_of(line: str) -> Counter[str]:
    """What one summary line of pytest counts; nothing for any other line."""
    found = _SUMMARY.search(re.sub(r"\x1b\[[0-9;]*m", "", line))  # without colours
    pairs = _COUNT.findall(found["counts"]) if found else []
    return Counter({word: int(number) for number, word in pairs})


def run_suite(suite: str) -> tuple[int, Counter[str]]:
    """Run one tox environment, passing its output on. Its exit code, and what pytest counted in it."""
    counted: Counter[str] = Counter()
    command = [sys.executable, "-m", "tox", "run", "-e", suite]
    environment = {**os.environ, **uv_settings(os.environ)}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            counted += counts_of(line)
    if process.returncode and not counted["failed"] + counted["error"]:
        counted["error"] += 1  # it failed outside pytest
    return process.returncode, counted


def main(arguments: list[str]) -> int:
    """Run the named suites, or all. 0 when all passed, 1 when one failed, 2 for an unknown name."""
    unknown = set(arguments) - set(SUITES)
    if unknown:
        print(
            f"error: there is no suite {', '.join(sorted(unknown))}\n  remedy: one of {', '.join(SUITES)}",
            file=sys.stderr,
        )
        return EXIT_BAD_INPUT
    suites = [suite for suite in SUITES if suite in arguments or not arguments]
    if NEED_ENGINE & set(suites):
        try:
            if not shutil.which("ssh"):
                local.install(["openssh-client"])
            ensure_engine(print)
        except (UserError, local.EngineError) as error:
            print(f"error: {error}", file=sys.stderr)
            return EXIT_FAILED
    total: Counter[str] = Counter()
    table: list[str] = []
    begin = time.monotonic()
    for suite in suites:
        start = time.monotonic()
        print(f"\n#### {suite} ####", flush=True)
        code, counted = run_suite(suite)
        table.append(f"  {suite:9} {'failed' if code else 'passed':7} {time.monotonic() - start:6.0f} s")
        total += counted
    print("\nsuites:", *table, sep="\n")
    seconds = time.monotonic() - begin
    counts = ", ".join(f"{number} {word}" for word, number in total.items()) or "no tests ran"
    print(f"{f' {counts} in {seconds:.2f}s ':=^80}", flush=True)
    return EXIT_FAILED if total["failed"] + total["error"] else EXIT_DONE


if __name__ == "__main__":
    selfsetup.enter("tests")
    sys.exit(main(sys.argv[1:]))
