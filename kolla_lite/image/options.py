"""The options of a build: build.conf in the operator's folder, by oslo.config, and command-line flags above it."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg

from kolla_lite.config.settings import Globals
from kolla_lite.errors import Location, UserError
from kolla_lite.source import load, nearest, parse, read_text

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

OPTIONS: list[cfg.Opt] = [
    cfg.StrOpt("release", regex=NAME, help="OpenStack release to build. Unset: as globals.yml says."),
    cfg.StrOpt("registry", help="Registry that stands before every image's name. Unset: as globals.yml says."),
    cfg.StrOpt("namespace", regex=NAME, help="First part of every image's name. Unset: as globals.yml says."),
    cfg.StrOpt("tag", regex=NAME, help="Tag of every image. Unset: as globals.yml says, and without that the release."),
    cfg.StrOpt(
        "base_image",
        help="Image to build on, with Debian of the release's suite. Unset: one is made from the Debian archive.",
        sample_default="registry.example.com/debian:13-slim",
    ),
    cfg.IntOpt(
        "jobs",
        min=1,
        default=max(2, (os.cpu_count() or 1) + 1),
        sample_default=3,
        help="How many images are built at the same time; one more than there are processors by default.",
    ),
    cfg.StrOpt("network", default="host", help="Network of build steps, as in `docker build --network`."),
    cfg.StrOpt(
        "apt_mirror",
        help="Debian archive that builds use; none of it stays in an image. Unset: that of this machine.",
        sample_default="http://mirror.example.com/debian",
    ),
    cfg.StrOpt(
        "apt_security_mirror",
        help="The same for security updates.",
        sample_default="http://mirror.example.com/debian-security",
    ),
    cfg.StrOpt(
        "python_index",
        help="PyPI mirror that builds use. Unset: that of this machine's pip or uv.",
        sample_default="https://mirror.example.com/pypi/simple",
    ),
    cfg.StrOpt(
        "ca_bundle",
        help="Certificates (PEM) that builds trust; none of them stays in an image. Unset: those of this machine.",
        sample_default="/etc/ssl/certs/ca-certificates.crt",
    ),
    cfg.StrOpt(
        "template_override",
        help="Jinja file that extends `parent_template` and overrides blocks of every image's Dockerfile.",
        sample_default="/etc/kolla-lite/override.j2",
    ),
    cfg.MultiStrOpt(
        "packages",
        default=[],
        help="Debian packages that an image gets (+) or does without (-) against what is declared. May stand several times.",
        sample_default=["keystone: +xmlsec1 -uwsgi-core"],
    ),
]


def list_opts() -> list[tuple[str | None, list[cfg.Opt]]]:
    """Entry point for oslo.config's sample generator."""
    return [(None, OPTIONS)]


@dataclass(frozen=True)
class BuildOptions:
    """Every option with its value; what stays None is found out on the build host."""

    release: str
    namespace: str
    tag: str
    registry: str | None = None
    base_image: str | None = None
    jobs: int = 2
    network: str = "host"
    apt_mirror: str | None = None
    apt_security_mirror: str | None = None
    python_index: str | None = None
    ca_bundle: str | None = None
    template_override: str | None = None
    packages: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    overlay: Path | None = None
    """Folder like docker/ whose files stand before the shipped ones; DIR/docker."""

    def reference(self, image: str) -> str:
        """The full name of an image, such as "registry:5000/kolla-lite/keystone:2026.1"."""
        prefix = f"{self.registry}/" if self.registry else ""
        return f"{prefix}{self.namespace}/{image}:{self.tag}"


def load_options(directory: Path, flags: Mapping[str, Any] | None = None) -> BuildOptions:
    """The options from DIR/build.conf and DIR/globals.yml where present, with `flags` (None is "not given") above them.

    UserError with file and line for an unknown key or a wrong value.
    """
    conf = _read(directory / "build.conf")
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    for name, value in given.items():
        try:
            conf.set_override(name, value)
        except ValueError as error:
            raise UserError(f"--{name.replace('_', '-')}: {error}", hint="see `kolla-lite build --help`") from None
    shared = directory / "globals.yml"
    settings = parse(Globals, load(shared)) if shared.is_file() else Globals()
    values = {option.dest: conf[option.dest] for option in OPTIONS}
    values["release"] = values["release"] or settings.release
    values["namespace"] = values["namespace"] or settings.images.namespace
    values["registry"] = values["registry"] or settings.images.registry
    values["tag"] = values["tag"] or settings.images.tag or values["release"]
    values["packages"] = _package_changes(values["packages"])
    overlay = directory / "docker"
    return BuildOptions(**values, overlay=overlay if overlay.is_dir() else None)


def _read(path: Path) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    conf.register_opts(OPTIONS)
    try:
        if path.is_file():
            _refuse_unknown(path)
        conf(
            [], project="kolla-lite", default_config_files=[str(path)] if path.is_file() else [], default_config_dirs=[]
        )
        for option in OPTIONS:
            conf[option.dest]  # a value is checked when it is read
    except cfg.ParseError as error:
        raise UserError(
            f"not an INI file: {error.msg}", Location(str(path), error.lineno), "write `name = value`"
        ) from None
    except cfg.ConfigFileValueError as error:
        name = re.search(r"option (\w+)", str(error))
        raise UserError(str(error), _line_of(path, name[1] if name else ""), "see build.conf.sample") from None
    return conf


def _refuse_unknown(path: Path) -> None:
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(path), sections).parse()
    known = [option.dest for option in OPTIONS]
    for section, entries in sections.items():
        if section != "DEFAULT":
            raise UserError(
                f"unknown section [{section}]", _line_of(path, f"[{section}]"), "put the options under [DEFAULT]"
            )
        for key in entries:
            if key not in known:
                raise UserError(f"unknown option {key!r}", _line_of(path, key), nearest(key, known, "options"))


def _line_of(path: Path, start: str) -> Location:
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if start and line.startswith(start):
            return Location(str(path), number, 1)
    return Location(str(path))


def _package_changes(lines: list[str]) -> dict[str, tuple[str, ...]]:
    """["keystone: +a -b"] as {"keystone": ("+a", "-b")}."""
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        match = re.fullmatch(r"\s*([a-z][a-z0-9_-]*)\s*:((?:\s*[+-][a-z0-9][a-z0-9.+-]*(?=\s|$))+)\s*", line)
        if not match:
            raise UserError(f"packages: {line!r} is not understood", hint="write `IMAGE: +PACKAGE -PACKAGE`")
        found[match[1]] = (*found.get(match[1], ()), *match[2].split())
    return found
