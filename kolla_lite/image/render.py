"""Recipes: what each image is made of, as text. Jinja and declarations in, Dockerfiles out; nothing is executed."""

from __future__ import annotations

import hashlib
import json
import platform
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import jinja2

from kolla_lite import paths
from kolla_lite.errors import Location, UserError
from kolla_lite.image.lock import Lock, Locked, closure, normal_name, requirements_of, requirements_text
from kolla_lite.image.options import BuildOptions
from kolla_lite.image.release import Release, lock_path
from kolla_lite.service.declaration import Service
from kolla_lite.source import nearest

ROOT = "debian"
"""The image under all others: bootstrapped from the Debian archive, or the operator's own."""
GENERIC = "service/Dockerfile.j2"
UWSGI = ("uwsgi-core", "uwsgi-plugin-python3")
"""Debian packages of the server of WSGI applications."""
NOT_IMAGES = {"service", "releases", ROOT}
_SHARED_FOLDERS = {"/", "/etc", "/opt", "/root", "/run", "/srv", "/tmp", "/usr"}  # noqa: S108  named, not used
_SHARED_FOLDERS |= {"/var", "/var/cache", "/var/lib", "/var/log"}


@dataclass(frozen=True)
class Content:
    """One file of a build context."""

    data: bytes
    executable: bool = False


@dataclass(frozen=True)
class Recipe:
    """What one image is made of. `parents` are the images that its FROM lines name, in their order."""

    name: str
    reference: str
    how: Literal["dockerfile", "bootstrap", "pull"]
    dockerfile: str
    parents: tuple[str, ...] = ()
    files: Mapping[str, Content] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def digests(self) -> dict[str, str]:
        """A short digest of each part, by what a message calls the part."""
        locked = {name: file for name, file in self.files.items() if "/" not in name}
        carried = {name: file for name, file in self.files.items() if "/" in name}
        return {
            "Dockerfile": _digest(self.dockerfile.encode()),
            "locked distributions": _digest(*_parts(locked)),
            "files": _digest(*_parts(carried)),
            "labels": _digest(json.dumps(self.labels, sort_keys=True).encode()),
        }


def _parts(files: Mapping[str, Content]) -> list[bytes]:
    return [
        part for name in sorted(files) for part in (name.encode(), bytes([files[name].executable]), files[name].data)
    ]


def _digest(*parts: bytes) -> str:
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "big") + part)
    return sha.hexdigest()[:16]


@dataclass(frozen=True)
class Sources:
    """Everything that recipes are made from."""

    options: BuildOptions
    release: Release
    services: Mapping[str, Service]
    lock: Lock
    docker: Path = paths.DOCKER

    @property
    def folders(self) -> list[Path]:
        """Folders of templates and files, the operator's first."""
        return [folder for folder in (self.options.overlay, self.docker) if folder]


def make_recipes(sources: Sources) -> dict[str, Recipe]:
    """The recipe of every image, parents before children.

    UserError for an error in a template (file and line), an override that names no image, images that need one another.
    """
    with_image = {name: service for name, service in sources.services.items() if service.image}
    layers = {path.parent.name for folder in sources.folders for path in folder.glob("*/Dockerfile.j2")} - NOT_IMAGES
    names = sorted(layers | set(with_image))
    _refuse_unclaimed(sources, names)
    environment = _environment(sources)
    recipes = {ROOT: _root(sources)}
    for name in names:
        recipes[name] = _Rendering(sources, environment, name).recipe()
    return _ordered(recipes)


def _refuse_unclaimed(sources: Sources, names: Sequence[str]) -> None:
    for name in sources.options.packages:
        if name not in names:
            raise UserError(f"packages: there is no image {name!r}", hint=nearest(name, names, "images"))
    overlay = sources.options.overlay
    for folder in sorted(overlay.iterdir()) if overlay else []:
        if folder.name not in names and folder.name not in NOT_IMAGES:
            raise UserError(
                "overrides an image that does not exist", Location(str(folder)), nearest(folder.name, names, "images")
            )


def _environment(sources: Sources) -> jinja2.Environment:
    """Templates by path below docker/; `shipped/` before a path passes by the operator's own folder."""
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader([str(folder) for folder in sources.folders]),
                jinja2.PrefixLoader({"shipped": jinja2.FileSystemLoader(str(sources.docker))}),
                jinja2.FunctionLoader(_absolute_template),
            ]
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  Dockerfiles are not HTML
    )
    environment.globals["macros"] = environment.get_template("macros.j2").module
    return environment


def _absolute_template(name: str) -> tuple[str, str, Callable[[], bool]] | None:
    """The override file, which may be anywhere."""
    path = Path(name)
    if not path.is_absolute() or not path.is_file():
        return None
    return path.read_text(encoding="utf-8"), name, lambda: True


def _root(sources: Sources) -> Recipe:
    options, suite = sources.options, sources.release.debian
    if options.base_image:
        return Recipe(ROOT, options.base_image, "pull", "")
    files = {"files/dpkg.cfg": Content((sources.docker / ROOT / "dpkg.cfg").read_bytes())}
    labels = {"org.opencontainers.image.title": ROOT, "org.opencontainers.image.version": suite}
    return Recipe(
        ROOT, options.reference(ROOT), "bootstrap", f"# mmdebstrap --variant=minbase {suite}\n", (), files, labels
    )


class _Rendering:
    """One image's template, with the functions that it calls; they note what the image turns out to need."""

    def __init__(self, sources: Sources, environment: jinja2.Environment, name: str) -> None:
        self.sources = sources
        self.environment = environment
        self.name = name
        self.service = sources.services.get(name)
        self.parents: list[str] = []
        self.files = read_files(sources.folders, name)
        self.locked_distributions: dict[str, Locked] = {}

    def recipe(self) -> Recipe:
        text = self._render()
        labels = labels_of(self.name, self.service, self.sources.release, self.locked_distributions)
        reference = self.sources.options.reference(self.name)
        return Recipe(self.name, reference, "dockerfile", text, tuple(self.parents), self.files, labels)

    def parent(self, name: str) -> str:
        """In a FROM line: the full name of another image."""
        if name not in self.parents:
            self.parents.append(name)
        if name == ROOT and self.sources.options.base_image:
            return self.sources.options.base_image
        return self.sources.options.reference(name)

    def packages(self, declared: Sequence[str]) -> list[str]:
        """Declared Debian packages with the operator's changes."""
        changes = self.sources.options.packages.get(self.name, ())
        removed = {change[1:] for change in changes if change.startswith("-")}
        added = [change[1:] for change in changes if change.startswith("+")]
        return list(dict.fromkeys([*(package for package in declared if package not in removed), *added]))

    def locked(self, file: str, requirements: Sequence[str]) -> str:
        """Puts a requirements file with hashes into the context and returns its name."""
        where = str(lock_path(self.sources.release.release))
        found = closure(self.sources.lock, requirements, where)
        self.files[file] = Content(requirements_text(found).encode())
        if file == "requirements.txt":
            self.locked_distributions = {item.name: item for item in found}
        return file

    def _render(self) -> str:
        try:
            template: str | jinja2.Template = f"{self.name}/Dockerfile.j2"
            if self.service:
                template = self.environment.select_template([f"{self.name}/Dockerfile.j2", GENERIC])
            template = self.environment.get_template(template)
            context = self._context()
            override = self.sources.options.template_override
            if override:
                context["parent_template"] = template
                template = self.environment.get_template(str(Path(override).resolve()))
            return _squeeze(template.render(context))
        except jinja2.TemplateNotFound as error:
            raise UserError(f"image {self.name}: there is no template {error.name}", hint="mend the path") from None
        except jinja2.TemplateSyntaxError as error:
            where = Location(error.filename or error.name or self.name, error.lineno)
            raise UserError(f"image {self.name}: {error.message}", where, "mend the template") from None
        except jinja2.TemplateError as error:
            raise UserError(f"image {self.name}: {error.message}", _template_line(error), "mend the template") from None

    def _context(self) -> dict[str, Any]:
        context: dict[str, Any] = {
            "name": self.name,
            "release": self.sources.release,
            "architecture": platform.machine(),
            "parent": self.parent,
            "packages": self.packages,
            "locked": self.locked,
            "files": any(name.startswith("files/") for name in self.files),
        }
        if self.service and self.service.image:
            image = self.service.image
            requirements = requirements_of(image)
            users = [service for service in self.sources.services.values() if self.name in images_of(service)]
            context |= {
                "user": self.service.user,
                "base": image.parent or ("openstack-base" if requirements else "base"),
                "requirements": requirements,
                "build_packages": image.packages.build,
                "run_packages": run_packages(self.service),
                "system_modules": image.system_modules,
                "volumes": sorted({v.path for user in users for each in user.containers for v in each.volumes}),
                "directories": sorted({path for user in users for path in directories_of(user)}),
            }
        return context


def _template_line(error: Exception) -> Location | None:
    """The innermost line of a template in the error's traceback."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith(".j2"):
            return Location(frame.filename, frame.lineno)
    return None


def _squeeze(text: str) -> str:
    """Without empty lines, so that a block that says nothing leaves no trace; one before each further stage."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines).replace("\nFROM ", "\n\nFROM ") + "\n"


def read_files(folders: Sequence[Path], name: str) -> dict[str, Content]:
    """The files of docker/<name>/files, by path in the context; the first folder wins. Those in bin/ are executable."""
    found: dict[str, Content] = {}
    for folder in reversed(folders):
        top = folder / name / "files"
        for path in sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                inside = path.relative_to(top)
                found[f"files/{inside.as_posix()}"] = Content(path.read_bytes(), inside.parts[0] == "bin")
    return found


def run_packages(service: Service) -> list[str]:
    """The Debian packages of a service's image: those declared, and the server of its WSGI applications."""
    declared = service.image.packages.run if service.image else []
    return [*declared, *(UWSGI if any(container.wsgi for container in service.containers) else [])]


def images_of(service: Service) -> set[str]:
    """The images that a service's containers are made from."""
    return {container.image or service.name for container in service.containers}


def directories_of(service: Service) -> list[str]:
    """Folders that a service's user must own: its home, its configuration, its logs, its volumes and memory-backed paths.

    Folders that it would share with the system (such as /etc, when a file goes right there) stay root's.
    """
    wanted = {f"/var/lib/{service.user.name}", f"/etc/{service.name}", f"/var/log/kolla/{service.name}"}
    wanted |= {str(PurePosixPath(file.dest).parent) for file in service.config if file.dest}
    for container in service.containers:
        wanted |= {volume.path for volume in container.volumes} | set(container.tmpfs)
    return sorted(wanted - _SHARED_FOLDERS)


def labels_of(
    name: str, service: Service | None, release: Release, distributions: Mapping[str, Locked]
) -> dict[str, str]:
    """What an image says about itself. No time of building: equal content is an equal image."""
    main = service.image.distribution if service and service.image else None
    version = (
        distributions[normal_name(main)].version if main and normal_name(main) in distributions else release.release
    )
    labels = {
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.version": version,
        "kolla_version": release.release,
        "kolla_lite.release": release.release,
        "kolla_lite.distributions": json.dumps({key: item.version for key, item in distributions.items()}),
    }
    if service:
        capabilities = {capability for each in service.containers for capability in each.capabilities}
        ports = {port for each in service.containers for port in each.ports}
        health = {each.name: each.health for each in service.containers if each.health}
        labels |= {
            "org.opencontainers.image.description": service.description,
            "kolla_lite.service": service.name,
            "kolla_lite.capabilities": " ".join(sorted(capabilities)),
            "kolla_lite.ports": " ".join(str(port) for port in sorted(ports)),
            "kolla_lite.health": json.dumps(health),
        }
    return labels


def _ordered(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """Parents before children, otherwise by name."""
    done: dict[str, Recipe] = {}

    def visit(name: str, path: tuple[str, ...], asked_by: str) -> None:
        if name in path:
            raise UserError(f"images build on one another: {' → '.join((*path, name))}", hint="change a `parent`")
        if name not in recipes:
            raise UserError(
                f"image {asked_by} builds on {name!r}, which does not exist", hint=nearest(name, recipes, "images")
            )
        if name not in done:
            for parent in recipes[name].parents:
                visit(parent, (*path, name), name)
            done[name] = recipes[name]

    for name in sorted(recipes):
        visit(name, (), name)
    return done
