"""kolla-lite post-deploy."""

from __future__ import annotations

from pathlib import Path

import click

from kolla_lite.cli.common import config_option, examples, output


@click.command(
    "post-deploy",
    short_help="Write clouds.yaml for openstack clients, and upload the image `tiny`.",
    epilog=examples(
        "kolla-lite post-deploy",
        "OS_CLIENT_CONFIG_FILE=/etc/kolla-lite/clouds.yaml openstack --os-cloud kolla-lite token issue",
    ),
)
@config_option
def command(directory: Path) -> None:
    """Write DIR/clouds.yaml (mode 0600), with which openstack clients and SDKs use the cloud as its administrator.

    A cloud with an image service gets the public image `tiny`, a disk of 30 MB that boots in seconds. Exit code 1: it
    does not take it.
    """
    from kolla_lite.cloud import load_cloud
    from kolla_lite.deploy.access import CLOUD_NAME, write_clouds_yaml
    from kolla_lite.deploy.tiny import ship_tiny

    cloud = load_cloud(directory)
    path = write_clouds_yaml(cloud)
    if ship_tiny(cloud):
        output().print("the image tiny has been uploaded")
    output().print(f"export OS_CLIENT_CONFIG_FILE={path} OS_CLOUD={CLOUD_NAME}")
