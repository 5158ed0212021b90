#!/usr/bin/python
"""Module host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host
short_description: Prepare a machine to run kolla-lite's containers
description:
  - Installs the Docker engine and its Python SDK from Debian where they are missing, configures the engine without
    dropping anything that is configured already, starts it with or without systemd, sets kernel parameters and makes
    the folders that kolla-lite uses.
  - Refuses before it changes anything when the distribution is not supported, the clock is wrong, the engine too old
    or its configuration not valid.
  - The engine reads a changed configuration without a restart, so that no container stops.
options:
  insecure_registries:
    description: Registries, as C(host:port), that the engine may reach without TLS, besides those configured already.
    type: list
    elements: str
    default: []
  sysctls:
    description:
      - Kernel parameters to set now and at each boot, in C(/etc/sysctl.d/60-kolla-lite.conf), which says just these.
    type: dict
    default: {}
  controller_time:
    description: Time on the controller, in seconds since 1970; the clock is not compared without it.
    type: float
  max_clock_skew:
    description: How many seconds the clocks may differ; tokens and databases suffer from more.
    type: int
    default: 30
attributes:
  check_mode:
    description: Says what would be done and changes nothing.
    support: full
  diff_mode:
    description: Shows the files before and after.
    support: full
requirements: [root]
author: [kolla-lite]
"""

EXAMPLES = r"""
- name: Prepare the machine
  kolla_lite.core.host:
    insecure_registries: ["192.0.2.11:4000"]
    sysctls:
      net.ipv4.ip_nonlocal_bind: 1
    controller_time: "{{ now().timestamp() }}"
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be, one sentence each; empty when nothing was to do.
  type: list
  elements: str
  returned: success
hint:
  description: The remedy.
  type: str
  returned: failure
"""

import os
import re
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kolla_lite.core.plugins.module_utils import engine, state

SYSCTL_FILE = Path("/etc/sysctl.d/60-kolla-lite.conf")
FOLDERS = {Path("/etc/kolla"): 0o755, Path(state.FOLDER): 0o750}


def check(parameters: dict) -> None:
    """EngineError when this machine cannot be a host. Changes nothing."""
    if os.geteuid() != 0:
        raise engine.EngineError("root is needed", "connect as root, or set `become: true` for this host")
    engine.check_distribution(engine.distribution())
    if parameters["controller_time"] is not None:
        skew = time.time() - parameters["controller_time"]
        if abs(skew) > parameters["max_clock_skew"]:
            direction = "ahead of" if skew > 0 else "behind"
            raise engine.EngineError(
                f"the clock is {abs(skew):.0f} s {direction} the controller's", "set it, and keep it right with chrony"
            )
    for registry in parameters["insecure_registries"]:
        engine.check_registry(registry)
    for name, value in parameters["sysctls"].items():
        if not re.fullmatch(r"[a-z0-9_]+(\.[A-Za-z0-9_-]+)+", name) or not re.fullmatch(
            r"-?[0-9]+( -?[0-9]+)*", str(value)
        ):
            raise engine.EngineError(f"{name!r} = {value!r} is not a kernel parameter", "give a name and whole numbers")
        if not sysctl_path(name).exists():
            raise engine.EngineError(f"this kernel has no parameter {name!r}", "correct or remove it")


def sysctl_path(name: str) -> Path:
    """Where the kernel shows a parameter."""
    return Path("/proc/sys", *name.split("."))


class Preparation:
    """Brings this machine to what the parameters say, noting each step in `actions` and `diff`."""

    def __init__(self, parameters: dict, check_mode: bool) -> None:
        self.parameters = parameters
        self.check_mode = check_mode
        self.actions: list[str] = []
        self.diff: list[dict] = []

    def run(self) -> None:
        """Do everything that is missing, or in check mode only note it."""
        text, current = engine.read_daemon_json()  # a broken file is reported before anything is installed
        plan = engine.decide(engine.look(), engine.ON_HOST)
        self.folders()
        self.sysctls()
        if plan.packages:
            self.do(f"install {', '.join(plan.packages)}", engine.install, plan.packages)
        wanted = engine.merge(current, self.parameters["insecure_registries"])
        if wanted != current:
            self.file(engine.DAEMON_JSON, text, engine.as_text(wanted))
            self.do(f"configure the engine: {engine.DAEMON_JSON}", engine.configure, text, wanted)
        if plan.start:
            self.do("start the engine, now and at boot", engine.start)

    def do(self, what: str, function, *arguments) -> None:
        """Note a step and, unless in check mode, take it."""
        self.actions.append(what)
        if not self.check_mode:
            function(*arguments)

    def file(self, path: Path, before: str, after: str) -> None:
        """Note how a file differs."""
        self.diff.append({"before_header": str(path), "after_header": str(path), "before": before, "after": after})

    def folders(self) -> None:
        """Make the folders, of root, with their modes."""
        for path, mode in FOLDERS.items():
            found = path.stat() if path.is_dir() else None
            if found is None or (found.st_mode & 0o7777, found.st_uid) != (mode, 0):
                self.do(f"make {path} a folder of root with mode {mode:04o}", make_folder, path, mode)

    def sysctls(self) -> None:
        """Set kernel parameters now, and at each boot."""
        wanted = {name: str(value) for name, value in sorted(self.parameters["sysctls"].items())}
        after = "".join(f"{name} = {value}\n" for name, value in wanted.items())
        before = SYSCTL_FILE.read_text() if SYSCTL_FILE.exists() else ""
        if before != after:
            self.file(SYSCTL_FILE, before, after)
            self.do(f"write {SYSCTL_FILE}", engine.write, SYSCTL_FILE, after)
        for name, value in wanted.items():
            path = sysctl_path(name)
            if path.read_text().split() != value.split():
                self.do(f"set {name} = {value}", path.write_text, value)


def make_folder(path: Path, mode: int) -> None:
    """Have a folder of root, whether it is there already or not."""
    path.mkdir(exist_ok=True)
    os.chown(path, 0, 0)
    path.chmod(mode)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "insecure_registries": {"type": "list", "elements": "str", "default": []},
            "sysctls": {"type": "dict", "default": {}},
            "controller_time": {"type": "float"},
            "max_clock_skew": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    preparation = Preparation(module.params, module.check_mode)
    try:
        check(module.params)
        preparation.run()
    except engine.EngineError as error:
        module.fail_json(msg=str(error), hint=error.hint, actions=preparation.actions)
    module.exit_json(changed=bool(preparation.actions), actions=preparation.actions, diff=preparation.diff)


if __name__ == "__main__":
    main()
