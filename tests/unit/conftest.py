"""Clouds for the tests of what is made from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kolla_lite.cloud import Cloud, load_cloud
from kolla_lite.config import folder

HOSTS = """\
hosts:
  ctl1: {address: 10.0.0.11, roles: [control, network, compute, storage]}
  ctl2: {address: 10.0.0.12, roles: [control], ssh: {user: debian, port: 2222, key: /root/key}}
"""


@pytest.fixture(scope="session")
def make_cloud(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Cloud]:
    """A cloud of two hosts, or of those of another hosts.yml, with generated secrets, of the smallest profile."""

    def make(globals_: str = "", hosts: str = HOSTS) -> Cloud:
        directory: Path = tmp_path_factory.mktemp("operator") / "cloud"
        folder.create(directory)
        (directory / "hosts.yml").write_text(hosts)
        (directory / "globals.yml").write_text(globals_ if "profile:" in globals_ else f"profile: minimal\n{globals_}")
        return load_cloud(directory)

    return make
