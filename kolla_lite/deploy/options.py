"""Configuration files whose service can say whether it knows their options, and the asking."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import docker
from docker.errors import DockerException

from kolla_lite.cloud import Cloud
from kolla_lite.config.options import COMMAND, Verdict, question, verdicts
from kolla_lite.config.render import RenderedFile
from kolla_lite.deploy.desired import rendered_file
from kolla_lite.deploy.images import image_names
from kolla_lite.engine import utility
from kolla_lite.errors import EXIT_FAILED, UserError
from kolla_lite.inventory.hosts import Host

_Key = tuple[str, str, tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]
"""The fields of an inquiry but its files."""


@dataclass(frozen=True)
class Inquiry:
    """Files of one service whose options one image can judge; `image` is what hosts call it."""

    service: str
    image: str
    namespaces: tuple[str, ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    files: Mapping[str, RenderedFile]

    @property
    def question(self) -> str:
        """What the program in the image reads. It holds secrets."""
        return question(self.namespaces, dict(self.sections), self.files)

    def verdict(self, answer: str) -> Verdict:
        """What the program's answer means; each mistake once, however many files have it."""
        found = verdicts(self.service, self.files, answer).values()
        return Verdict(
            list({str(error): error for verdict in found for error in verdict.errors}.values()),
            list({str(error): error for verdict in found for error in verdict.warnings}.values()),
        )


def inquiries(
    cloud: Cloud, hosts: Sequence[Host], services: Sequence[str] = (), wanted: Callable[[str, str], bool] | None = None
) -> list[Inquiry]:
    """What to ask of the files of these hosts: of all services or some, of files for which `wanted` says so.

    `wanted` gets container and file name. Files that are the same on several hosts are asked about once.
    """
    found: dict[_Key, dict[str, RenderedFile]] = {}
    for key, rendered in _files(cloud, hosts, services, wanted):
        found.setdefault(key, {}).setdefault(rendered.sha256, rendered)
    return [Inquiry(*key, files) for key, files in found.items()]


def _files(
    cloud: Cloud, hosts: Sequence[Host], services: Sequence[str], wanted: Callable[[str, str], bool] | None
) -> Iterator[tuple[_Key, RenderedFile]]:
    for host in hosts:
        for name, containers in cloud.services_on(host.name).items():
            service = cloud.services[name]
            for container in containers if not services or name in services else []:
                for declared in service.files_of(container):
                    if not declared.namespaces or (wanted and not wanted(container.name, declared.name)):
                        continue
                    rendered = rendered_file(cloud, service, container, declared, host)
                    if rendered:
                        image = cloud.image_reference(service, container)
                        sections = tuple((section, tuple(groups)) for section, groups in declared.sections.items())
                        yield (name, image, tuple(declared.namespaces), sections), rendered


def check_here(cloud: Cloud, services: Sequence[str] = ()) -> Verdict:
    """Ask about the files of all hosts, on this machine alone. UserError when an image that is needed is not here."""
    errors: list[UserError] = []
    warnings: list[UserError] = []
    names = {} if cloud.globals.images.registry else image_names(cloud)
    found = inquiries(cloud, list(cloud.hosts.values()), services)
    for inquiry, answer in zip(found, ask_here(found, names), strict=True):
        verdict = inquiry.verdict(answer)
        errors += verdict.errors
        warnings += verdict.warnings
    return Verdict(errors, warnings)


def ask_here(found: Sequence[Inquiry], names: Mapping[str, str | None]) -> list[str]:
    """The answers of images that this machine's engine has, side by side; `names` are what it calls those of hosts.

    UserError when that does not work.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda one: _ask_here(one, names.get(one.image) or one.image), found))


def _ask_here(inquiry: Inquiry, image: str) -> str:
    one_shot = utility("one_shot")
    try:
        client = docker.APIClient(version="auto", timeout=one_shot.SECONDS)
        return str(one_shot.ask(client, image, COMMAND, inquiry.question))
    except (DockerException, one_shot.OneShotError) as error:
        message = f"image {image} cannot be asked for its options: {error}"
        raise UserError(message, hint=f"kolla-lite build {inquiry.service}", exit_code=EXIT_FAILED) from None
