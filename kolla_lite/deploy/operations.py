"""What the deployment commands do, as functions: each checks its input, then runs one playbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kolla_lite import paths
from kolla_lite.cloud import Cloud, load_cloud
from kolla_lite.deploy.lock import Holder, lock_state, lock_variables
from kolla_lite.deploy.planfile import PlanFile, inputs_of, read_plan
from kolla_lite.deploy.playbook import render
from kolla_lite.deploy.removal import EVERY_SERVICE
from kolla_lite.deploy.run import Observer, Outcome, run_playbook
from kolla_lite.engine import trust_registry
from kolla_lite.errors import UserError
from kolla_lite.runs.journal import also, recorded
from kolla_lite.source import nearest
from kolla_lite.validate import validated_cloud


def load_checked(
    directory: Path, services: Sequence[str] = (), limit: str | None = None, *, whole: bool = False
) -> Cloud:
    """The cloud of a folder; with `whole`, its templates are checked too.

    UserError for mistakes in it, for a service that is unknown or off, for an unknown host.
    """
    cloud = validated_cloud(directory) if whole else load_cloud(directory)
    for name in services:
        if name not in cloud.declared:
            raise UserError(f"there is no service {name!r}", hint=nearest(name, cloud.declared, "services"))
        if name not in cloud.services:
            raise UserError(f"the service {name} is off", hint=f"kolla-lite inventory --explain {name}")
    known = {*cloud.hosts, *cloud.placement.groups, "all"}
    if limit and limit.replace("-", "").replace("_", "").isalnum() and limit not in known:
        raise UserError(f"there is no host or group {limit!r}", hint=nearest(limit, known, "hosts and groups"))
    return cloud


def plan(
    directory: Path, services: Sequence[str] = (), limit: str | None = None, *, diff: bool = False, verbose: int = 0
) -> tuple[Outcome, PlanFile]:
    """Compare and change nothing; with `diff`, steps of files tell what changes in them."""
    load_checked(directory, services, limit, whole=True)
    inputs = inputs_of(directory)
    playbook = paths.ANSIBLE / "plan.yml"
    outcome = run_playbook(playbook, directory, selection=services, limit=limit, diff=diff, verbose=verbose)
    compared = [(host, one) for host, results in outcome.results.items() for one in results if "fingerprint" in one]
    hosts = {host: one["fingerprint"] for host, one in compared}
    return outcome, PlanFile(services, limit, inputs, hosts, outcome.steps)


def deploy(
    directory: Path,
    services: Sequence[str] = (),
    limit: str | None = None,
    *,
    verbose: int = 0,
    observe: Observer | None = None,
    only: Sequence[str] = (),
    expected: Path | None = None,
    removable: Sequence[str] = (),
) -> Outcome:
    """Compare and change what differs; `only` keeps to steps of these actions.

    With `expected`, a file of `PlanFile.write`, its services and hosts are taken, and nothing is changed anywhere when
    inputs or hosts have moved since: UserError with the differences. Without such a plan nothing is changed either when
    services that are off would go: RemovalRefused for each, unless `removable` names it, or is EVERY_SERVICE.
    """
    if expected:
        planned = read_plan(expected)
        planned.refuse_changed_inputs(directory)
        services, limit, removable = planned.services, planned.limit, EVERY_SERVICE
    cloud = load_checked(directory, services, limit, whole=True)
    command = " ".join(only) or "deploy"
    with recorded(cloud, command, services, limit) as journal:
        return run_playbook(
            render(cloud.declared),
            directory,
            selection=services,
            limit=limit,
            variables={
                "plan_actions": list(only),
                "plan_expected": str(expected or ""),
                "plan_removable": list(removable),
                **lock_variables(cloud, command, services, limit),
            },
            verbose=verbose,
            observe=also(journal, observe),
        )


def check(directory: Path, services: Sequence[str] = (), limit: str | None = None, *, verbose: int = 0) -> Outcome:
    """Ask every container and endpoint how it is; see `report.health_of` for the answers."""
    load_checked(directory, services, limit)
    return _over_hosts("check.yml", directory, limit, verbose, None, kolla_lite_services=list(services))


def config_differences(
    directory: Path, services: Sequence[str] = (), limit: str | None = None, *, verbose: int = 0
) -> list[dict[str, str]]:
    """How files on hosts differ from what they should hold: host, file and diff, a unified one without secrets."""
    load_checked(directory, services, limit, whole=True)
    variables = {"kolla_lite_services": list(services)}
    return _over_hosts("config_difference.yml", directory, limit, verbose, None, **variables).told("config_differences")


def stop(
    directory: Path,
    services: Sequence[str] = (),
    limit: str | None = None,
    *,
    verbose: int = 0,
    observe: Observer | None = None,
) -> Outcome:
    """Stop containers; they stay so until `start` or `deploy`."""
    cloud = load_checked(directory, services, limit)
    variables = {"kolla_lite_services": list(services), **lock_variables(cloud, "stop", services, limit)}
    with recorded(cloud, "stop", services, limit) as journal:
        return _over_hosts("stop.yml", directory, limit, verbose, also(journal, observe), **variables)


def destroy(
    directory: Path,
    services: Sequence[str] = (),
    limit: str | None = None,
    *,
    volumes: bool = False,
    verbose: int = 0,
    observe: Observer | None = None,
) -> Outcome:
    """Remove containers and their configuration, and with `volumes` all their data."""
    cloud = load_checked(directory, services, limit)
    variables = {"kolla_lite_services": list(services), "kolla_lite_volumes": volumes}
    variables |= lock_variables(cloud, "destroy", services, limit)
    with recorded(cloud, "destroy", services, limit) as journal:
        return _over_hosts("destroy.yml", directory, limit, verbose, also(journal, observe), **variables)


def bootstrap(
    directory: Path, limit: str | None = None, *, verbose: int = 0, observe: Observer | None = None
) -> Outcome:
    """Prepare hosts: engine, folders, trust in the deployed registry, also of this machine, which pushes to it."""
    cloud = load_checked(directory, (), limit)
    registries = [cloud.registry] if cloud.registry and not cloud.globals.images.registry else []
    with recorded(cloud, "bootstrap", (), limit) as journal:
        watch = also(journal, observe)
        outcome = _over_hosts("bootstrap.yml", directory, limit, verbose, watch, host_insecure_registries=registries)
        for registry in registries:
            trust_registry(registry)
    return outcome


def locks(directory: Path, *, verbose: int = 0) -> dict[str, Holder]:
    """Who holds the lock of each host; nothing for a host that nobody holds."""
    load_checked(directory)
    outcome = _over_hosts("lock.yml", directory, None, verbose, None, **lock_state("shown"))
    found = {host: result["held"] for host, results in outcome.results.items() for result in results}
    return {host: Holder(**held) for host, held in found.items() if held}


def unlock(directory: Path, held: Mapping[str, Holder], *, verbose: int = 0) -> None:
    """Let go of these locks, unless others have them by now."""
    runs = sorted({holder.run for holder in held.values()})
    _over_hosts("lock.yml", directory, ",".join(held), verbose, None, **lock_state("released", runs))


def _over_hosts(
    playbook: str, directory: Path, limit: str | None, verbose: int, observe: Observer | None, **variables: object
) -> Outcome:
    return run_playbook(
        paths.ANSIBLE / playbook, directory, limit=limit, variables=variables, verbose=verbose, observe=observe
    )
