"""From an empty machine to a running cloud: each stage does nothing when its work is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from kolla_lite.cloud import Cloud
from kolla_lite.config import folder
from kolla_lite.deploy.access import CLOUD_NAME, write_clouds_yaml
from kolla_lite.deploy.operations import bootstrap, check, deploy
from kolla_lite.deploy.progress import Progress
from kolla_lite.deploy.report import health_of, health_table, is_well
from kolla_lite.deploy.run import Outcome
from kolla_lite.deploy.tiny import ship_tiny
from kolla_lite.engine import ensure_engine
from kolla_lite.errors import EXIT_DONE, EXIT_FAILED, Location, UserError
from kolla_lite.image.build import build
from kolla_lite.image.options import load_options
from kolla_lite.image.plan import Selection
from kolla_lite.image.progress import Progress as BuildProgress
from kolla_lite.image.progress import closing
from kolla_lite.runs.journal import recorded
from kolla_lite.service.declaration import Profile
from kolla_lite.validate import validated_cloud

Consent = Callable[[Callable[[Sequence[str]], Outcome]], Outcome]
"""Does a deployment that is given the services that may go; see `removal.with_consent`."""


def up(
    directory: Path, address: str | None, profile: Profile | None, console: Console, verbose: int, consent: Consent
) -> bool:
    """Run every stage; whether the cloud is well at the end. UserError from whichever stage refuses."""
    begun = time.monotonic()
    configured = _configuration(directory, address, profile, console)
    cloud = validated_cloud(directory)
    if profile not in (None, cloud.globals.profile):
        where, hint = Location(str(directory / "globals.yml")), f"write `profile: {profile}` there"
        raise UserError(f"this cloud has the profile {cloud.globals.profile}, not {profile}", where, hint)
    with recorded(cloud, "up") as journal:
        changed, well = _stages(cloud, console, verbose, consent)
        journal.exit_code = EXIT_DONE if well else EXIT_FAILED
    if well is not None:
        _summary(cloud, console, not (configured or changed), round(time.monotonic() - begun, 1))
    return bool(well)


def _stages(cloud: Cloud, console: Console, verbose: int, consent: Consent) -> tuple[bool, bool | None]:
    """Whether anything changed, and whether all is well then: None when there are no images to go on with."""

    def stage(text: str) -> None:
        console.print(f"[bold]==>[/] {escape(text)}")

    def services(removable: Sequence[str]) -> Outcome:
        with Progress(console) as progress:
            return deploy(directory, verbose=verbose, observe=progress, removable=removable)

    directory = cloud.directory
    stage("engine and images")
    ensure_engine(console.print)
    built = _images(cloud, console, verbose)
    if built is None:
        return False, None
    stage(f"hosts: {', '.join(list(cloud.hosts)[:5])}{' …' if len(cloud.hosts) > 5 else ''}")
    with Progress(console) as progress:
        prepared = _changes(bootstrap(directory, verbose=verbose, observe=progress))
    stage("services")
    steps = consent(services).steps
    stage("health")
    health = health_of(check(directory, verbose=verbose))
    console.print(health_table(health))
    write_clouds_yaml(cloud)
    well = all(map(is_well, health))
    uploaded = well and ship_tiny(cloud)
    return bool(built or prepared or steps or uploaded), well


def _configuration(directory: Path, address: str | None, profile: Profile | None, console: Console) -> bool:
    if (directory / "hosts.yml").exists():
        return bool(folder.update(directory))
    folder.create(directory, address, profile)
    console.print(f"configuration with new secrets is in {escape(str(directory))}")
    return True


def _images(cloud: Cloud, console: Console, verbose: int) -> bool | None:
    """Build what this cloud runs; whether anything was built, None when a build failed."""
    if cloud.globals.images.registry:
        return False  # the operator's registry has them
    wanted: Sequence[str] = sorted({c.image or s.name for s in cloud.services.values() for c in s.containers})
    images = cloud.globals.images
    options = load_options(
        cloud.directory, {"release": cloud.globals.release, "namespace": images.namespace, "tag": images.tag}
    )
    with BuildProgress(console, verbose) as progress:
        summary = build(options, Selection(tuple(wanted)), progress)
    console.print(closing(summary))
    return None if summary.failed else summary.changed


def _changes(outcome: Outcome) -> bool:
    return any(result.get("changed") for results in outcome.results.values() for result in results)


def _summary(cloud: Cloud, console: Console, nothing: bool, seconds: float) -> None:
    console.print(f"nothing had to change ({seconds} s)" if nothing else f"the cloud is up ({seconds} s)")
    for endpoint in cloud.endpoints():
        console.print(f"  {endpoint.name}: {cloud.url(endpoint.name)}")
    console.print(f"  administrator: {cloud.globals.admin_user}, password in {cloud.directory}/passwords.yml")
    console.print("Use it:")
    console.print(f"  export OS_CLIENT_CONFIG_FILE={cloud.directory}/clouds.yaml OS_CLOUD={CLOUD_NAME}")
    tools = cloud.provider("tools")
    if tools:
        console.print(f"  kolla-lite exec {tools.name} openstack token issue")
    console.print("  kolla-lite check | logs SERVICE | plan | stop | destroy")
