"""The Docker engine of the controller, which builds images and, with a single host, runs the cloud.

What an engine must be and how to get one is written once, in the collection's module_utils/engine.py, because the
`host` module carries that file to the hosts; likewise how to ask a program in an image. Both are loaded here by their
paths, since `ansible_collections` is importable only inside Ansible.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType

from kolla_lite import paths
from kolla_lite.errors import Location, UserError

_FOLDER = paths.ANSIBLE / "collections/ansible_collections/kolla_lite/core/plugins/module_utils"


@lru_cache
def utility(name: str) -> ModuleType:
    """What module_utils/<name>.py defines."""
    spec = importlib.util.spec_from_file_location(f"kolla_lite._{name}", _FOLDER / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


local = utility("engine")
"""The functions and facts of module_utils/engine.py."""


def ensure_engine(report: Callable[[str], None]) -> None:
    """Have an engine that answers on this machine, with what building images needs; install and start it if missing.

    `report` is called with a sentence before each step that takes a while; nothing is reported when all is there.
    Raises UserError when the engine is too old, or cannot be had here.
    """
    try:
        plan = local.decide(local.look(), local.ON_BUILDER)
        if plan.packages:
            report(f"installing {', '.join(plan.packages)} from Debian")
            local.install(plan.packages)
            plan = local.decide(local.look(), local.ON_BUILDER)  # the package may have started it
        if plan.start:
            report("starting the Docker engine")
            local.start()
    except local.EngineError as error:
        raise UserError(str(error), Location("localhost"), error.hint) from None


def trust_registry(registry: str) -> bool:
    """Let this machine's engine, which pushes images, use a registry without TLS; whether that changed anything.

    The engine reads its configuration again while containers run. Without an engine here there is nothing to do.
    Raises UserError when the engine's configuration is not valid, or cannot be changed by this user.
    """
    try:
        known = local.ask("/info")["RegistryConfig"]["IndexConfigs"]
        if registry in known and not known[registry]["Secure"]:
            return False
    except OSError:
        return False
    try:
        text, current = local.read_daemon_json()
        local.configure(text, local.merge(current, [registry]))
    except PermissionError:
        raise UserError(
            f"only root can let this machine's engine use {registry}", Location(str(local.DAEMON_JSON)), "run as root"
        ) from None
    except local.EngineError as error:
        raise UserError(str(error), Location("localhost"), error.hint) from None
    return True
