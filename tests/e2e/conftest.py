"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clouds import Cloud, cloud_of
from machines import Machines


@pytest.fixture(scope="session")
def two_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Two machines with SSH and a running engine, host1 and host2, for all tests of a session."""
    folder: Path = tmp_path_factory.mktemp("two-hosts")
    with Machines(folder, count=2, engine=True) as machines:
        yield machines


@pytest.fixture(scope="session")
def cloud(two_hosts: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud deployed on the two machines: everything on host1, a second keystone on host2."""
    roles = {"host1": ["control", "network", "compute", "storage"], "host2": ["control"]}
    with cloud_of(tmp_path_factory.mktemp("cloud"), two_hosts, roles) as made:
        made.run("bootstrap")
        made.run("deploy")
        made.run("post-deploy")
        yield made
