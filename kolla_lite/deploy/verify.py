"""Trying a cloud as a user would: kolla_verify in the toolbox does it."""

from __future__ import annotations

from typing import Any

from kolla_lite.cloud import Cloud
from kolla_lite.deploy.steps import Tell, steps_of


def verify(cloud: Cloud, tell: Tell) -> list[dict[str, Any]]:
    """How each step went: step, state (passed, failed, skipped), seconds, detail. `tell` gets steps that begin and end.

    Interrupted, it waits until what was made is removed. UserError when the cloud has no toolbox, or it does not answer.
    """
    return steps_of(cloud, ["kolla_verify"], {}, tell)
