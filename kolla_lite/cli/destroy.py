"""kolla-lite destroy."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, output, selection_options, verbose_option, yes_option


@click.command(
    "destroy",
    short_help="Remove containers; data stays unless told.",
    epilog=examples(
        "kolla-lite destroy                     asks first; volumes stay",
        "kolla-lite destroy --volumes --yes     everything, with all data, without asking",
        "kolla-lite destroy memcached --limit ctl2",
    ),
)
@selection_options
@click.option("--volumes", is_flag=True, help="Remove the named volumes too: ALL DATA IS LOST.")
@yes_option
@config_option
@verbose_option
def command(
    services: tuple[str, ...], limit: str | None, volumes: bool, yes: bool, directory: Path, verbose: int
) -> None:
    """Remove containers and their configuration from the hosts. Named volumes, and with them all data, stay."""
    from kolla_lite.deploy.operations import destroy, load_checked

    cloud = load_checked(directory, services, limit)
    what = f"{', '.join(services) or 'every service'} on {limit or f'all {len(cloud.hosts)} hosts'}"
    data = "WITH ALL DATA" if volumes else "volumes stay"
    if not yes:
        click.confirm(f"Remove {what}, {data}?", abort=True)
    outcome = destroy(directory, services, limit, volumes=volumes, verbose=verbose)
    for host, results in outcome.results.items():
        for result in results:
            output().print(f"{host}: removed {len(result['containers'])} containers, {len(result['volumes'])} volumes")
