"""Declarations and templates to Dockerfiles."""

from __future__ import annotations

import atexit
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp

import pytest

from kolla_lite import paths
from kolla_lite.errors import Location, UserError
from kolla_lite.image.build import recipes_for
from kolla_lite.image.lock import parse_lock
from kolla_lite.image.options import BuildOptions
from kolla_lite.image.release import load_release
from kolla_lite.image.render import Recipe, Sources, directories_of, make_recipes
from kolla_lite.service.declaration import Service

OPTIONS = BuildOptions(release="2026.1", namespace="n", tag="t")
RELEASE = load_release("2026.1")
LOCK = parse_lock(
    "".join(
        f"{name}==1.{number} \\\n    --hash=sha256:{number:064}\n    # via {via}\n"
        for number, (name, via) in enumerate(
            [("keystone", "-r x"), ("oslo-db", "keystone"), ("alembic", "oslo-db"), ("other", "-r x")]
            + [(name, "-r x") for name in RELEASE.build]
        )
    ),
    "test.lock.txt",
)


def service(name: str = "keystone", **image: object) -> Service:
    return Service.model_validate(
        {
            "name": name,
            "description": "d",
            "user": {"name": name, "uid": 42425},
            "image": image,
            "config": [{"name": "a.conf", "dest": f"/etc/{name}/a.conf"}, {"name": "b", "dest": "/etc/b"}],
            "containers": [
                {
                    "name": name,
                    "place": {"role": "control"},
                    "command": "true",
                    "capabilities": ["NET_ADMIN"],
                    "ports": [15000],
                    "tmpfs": ["/run/x"],
                    "volumes": [{"name": "data", "path": "/var/lib/data"}],
                }
            ],
        }
    )


@cache
def docker_without_services() -> Path:
    """What docker/ has for all images; a service's own template needs its declaration, and these tests have others."""
    services = [path.parent.name for path in paths.ROLES.glob("*/service.yml") if path.parent.name != "service"]
    folder = Path(mkdtemp())
    atexit.register(rmtree, folder)
    return copytree(paths.DOCKER, folder / "docker", ignore=lambda _, names: set(names) & set(services))


def recipes(*services: Service, options: BuildOptions = OPTIONS, docker: Path | None = None) -> Mapping[str, Recipe]:
    named = {each.name: each for each in services}
    return make_recipes(Sources(options, RELEASE, named, LOCK, docker or docker_without_services()))


def test_a_declaration_alone_is_an_image() -> None:
    made = recipes(service(distribution="keystone", packages={"run": ["uwsgi-core"], "build": ["gcc"]}))["keystone"]
    assert made.reference == "n/keystone:t"
    assert made.parents == ("builder", "openstack-base")
    build, final = made.dockerfile.split("\nFROM ")
    assert build.startswith("FROM n/builder:t AS build\n")
    assert final.startswith("openstack-base:t\n") or final.startswith("n/openstack-base:t\n")
    assert "gcc" in build
    assert "gcc" not in final
    assert "--require-hashes" in build
    assert "COPY --from=build /var/lib/kolla/venv /var/lib/kolla/venv" in final
    assert "useradd --uid 42425 --gid 42425 --groups kolla" in final
    assert final.rstrip().endswith("USER keystone")


def test_an_image_installs_its_own_part_of_the_lock_only() -> None:
    made = recipes(service(distribution="keystone"))["keystone"]
    text = made.files["requirements.txt"].data.decode()
    assert [line.split(" ")[0] for line in text.splitlines() if "==" in line] == [
        "alembic==1.2",
        "keystone==1.0",
        "oslo-db==1.1",
    ]
    assert text.count("--hash=sha256:") == 3


def test_labels_tell_what_is_inside_and_what_it_needs() -> None:
    labels = recipes(service(distribution="keystone"))["keystone"].labels
    assert labels["org.opencontainers.image.version"] == "1.0"
    assert labels["kolla_lite.service"] == "keystone"
    assert labels["kolla_lite.release"] == "2026.1"
    assert json.loads(labels["kolla_lite.distributions"]) == {"alembic": "1.2", "keystone": "1.0", "oslo-db": "1.1"}
    assert labels["kolla_lite.capabilities"] == "NET_ADMIN"
    assert labels["kolla_lite.ports"] == "15000"


def test_without_a_distribution_there_is_no_build_stage() -> None:
    made = recipes(service("mariadb", packages={"run": ["mariadb-server"]}))["mariadb"]
    assert made.parents == ("base",)
    assert made.dockerfile.count("FROM ") == 1
    # What packages put into a volume's place, such as a fresh database, stays out of the image.
    assert "find /var/lib/data -mindepth 1 -delete" in made.dockerfile


def test_folders_of_the_system_stay_roots() -> None:
    assert directories_of(service()) == [
        "/etc/keystone",
        "/run/x",
        "/var/lib/data",
        "/var/lib/keystone",
        "/var/log/kolla/keystone",
    ]


def test_equal_input_is_an_equal_recipe_and_order_is_parents_first() -> None:
    one, two = (recipes(service(distribution="keystone")) for _ in range(2))
    assert {name: each.digests() for name, each in one.items()} == {name: each.digests() for name, each in two.items()}
    assert list(one) == ["debian", "base", "builder", "openstack-base", "keystone"]


def test_every_declared_service_renders() -> None:
    for name, each in recipes_for(OPTIONS).items():
        assert each.how == "bootstrap" or each.dockerfile.startswith("FROM n/"), name


def test_the_operators_base_image() -> None:
    made = recipes(options=replace(OPTIONS, base_image="debian:13"))
    assert made["debian"].how == "pull"
    assert made["base"].dockerfile.startswith("FROM debian:13\n")


def test_package_lists_change_without_touching_the_tree() -> None:
    options = replace(OPTIONS, packages={"keystone": ("+vim", "-uwsgi-core")})
    text = recipes(service(packages={"run": ["uwsgi-core", "xmlsec1"]}), options=options)["keystone"].dockerfile
    assert "vim" in text
    assert "xmlsec1" in text
    assert "uwsgi-core" not in text


def test_packages_of_an_unknown_image_are_refused() -> None:
    with pytest.raises(UserError, match="no image 'keystnoe'") as caught:
        recipes(service(), options=replace(OPTIONS, packages={"keystnoe": ("+vim",)}))
    assert caught.value.hint == "did you mean `keystone`?"


def test_one_file_overrides_blocks_of_every_image(tmp_path: Path) -> None:
    override = tmp_path / "override.j2"
    override.write_text(
        "{% extends parent_template %}\n"
        '{% block footer %}{{ super() }}{% if name == "keystone" %}RUN echo mine{% endif %}{% endblock %}\n'
    )
    made = recipes(service(), options=replace(OPTIONS, template_override=str(override)))
    assert made["keystone"].dockerfile.endswith("RUN echo mine\nUSER keystone\n")
    assert "mine" not in made["base"].dockerfile


def test_a_folder_overrides_one_image_and_adds_files(tmp_path: Path) -> None:
    folder = tmp_path / "docker" / "keystone"
    (folder / "files" / "bin").mkdir(parents=True)
    (folder / "files" / "bin" / "plugin").write_text("#!/bin/sh\n")
    (folder / "Dockerfile.j2").write_text(
        '{% extends "shipped/service/Dockerfile.j2" %}{% block footer %}RUN echo mine\n{% endblock %}'
    )
    made = recipes(service(), options=replace(OPTIONS, overlay=tmp_path / "docker"))["keystone"]
    assert "RUN echo mine" in made.dockerfile
    assert "COPY files/bin/ /usr/local/bin/" in made.dockerfile
    assert made.files["files/bin/plugin"].executable


def test_a_folder_for_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keystnoe").mkdir()
    with pytest.raises(UserError, match="does not exist") as caught:
        recipes(service(), options=replace(OPTIONS, overlay=tmp_path))
    assert caught.value.hint == "did you mean `keystone`?"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{% extends parent_template %}\n{% block footer %}\n{{ nmae }}\n{% endblock %}\n", 3, "'nmae' is undefined"),
        ("{% extends parent_template %}\n{% blok footer %}\n", 2, "unknown tag 'blok'"),
        ('{% extends "nowhere.j2" %}\n', None, "no template nowhere.j2"),
    ],
)
def test_a_mistake_in_an_override_has_a_place(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    override = tmp_path / "override.j2"
    override.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        recipes(service(), options=replace(OPTIONS, template_override=str(override)))
    if line:
        assert caught.value.where == Location(str(override), line)


def test_a_distribution_that_is_not_locked() -> None:
    with pytest.raises(UserError, match="glance is not in the lock file") as caught:
        recipes(service(distribution="glance"))
    assert caught.value.hint == "run `kolla-lite lock`"


def test_images_that_build_on_one_another_or_on_nothing() -> None:
    with pytest.raises(UserError, match="build on one another: a → b → a"):
        recipes(service("a", parent="b"), service("b", parent="a"))
    with pytest.raises(UserError, match="a builds on 'bsae'") as caught:
        recipes(service("a", parent="bsae"))
    assert caught.value.hint == "did you mean `base`?"
