"""A whole cloud on this machine, and what its users have: projects, networks, servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from here import Cloud, brought_up, running

from .users import Server, User, new_user


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud of the default profile."""
    if found := running():
        yield found
        return
    with brought_up(tmp_path_factory.mktemp("compute") / "cloud") as made:
        yield made
        assert made.shown() == []


@pytest.fixture(scope="package")
def user(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """A member of a project with a network behind a router to the outside."""
    with new_user(cloud, tmp_path_factory.mktemp("user")) as made:
        made.join_the_outside()
        yield made


@pytest.fixture(scope="package")
def web(user: User) -> Server:
    """A server that is reached from outside, by SSH and HTTP."""
    return user.server("web", user_data="hello from outside\n", outside=True)
