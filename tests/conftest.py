"""Marks of all tests."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "e2e: needs a container engine, takes seconds to minutes")
    config.addinivalue_line("markers", "long: of these, what continuous integration has no time for; tox -e long")
