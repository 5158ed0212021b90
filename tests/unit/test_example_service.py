"""The made-up service of docs/adding-a-service.md is a declaration like any other; tests/e2e builds and deploys it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from kolla_lite import paths
from kolla_lite.cloud import load_cloud
from kolla_lite.config import folder
from kolla_lite.deploy.desired import desired_state
from kolla_lite.deploy.resources import desired_resources

DOCS = Path(__file__).parents[2] / "docs"


def test_everything_follows_from_its_declaration(tmp_path: Path) -> None:
    roles = tmp_path / "roles"
    shutil.copytree(paths.ROLES, roles)
    shutil.copytree(DOCS / "examples/hello/ansible/roles", roles, dirs_exist_ok=True)
    folder.create(tmp_path / "cloud", roles=roles)
    cloud = load_cloud(tmp_path / "cloud", roles)
    hello = desired_state(cloud, "localhost")["hello"]
    assert set(hello.containers) == {"hello"}
    assert set(hello.jobs) == {"hello_setup"}
    assert {file.path for file in hello.files} == {"config.json", "hello.conf", "uwsgi.ini"}
    wanted = desired_resources(cloud)
    assert wanted["databases"]["wanted"]["hello"]["password"] == cloud.secrets.get("hello_database_password")
    assert wanted["queues"]["wanted"]["hello"] == cloud.secrets.get("hello_queue_password")
    assert wanted["catalog"]["services"]["hello"] == {"type": "greeting", "url": "http://127.0.0.1:8900/v1"}
    assert wanted["catalog"]["users"]["hello"]["roles"] == ["service"]


def test_the_page_names_files_that_exist() -> None:
    page = (DOCS / "adding-a-service.md").read_text()
    links = re.findall(r"\]\(([^)#]+)\)", page)
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
