"""The plan of a build, read as text: what is done to each image, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kolla_lite.errors import UserError
from kolla_lite.image.picture import dot, levels, svg
from kolla_lite.image.plan import BUILD_LABEL, Observed, Selection, build_label, make_plan, select, tree
from kolla_lite.image.render import Content, Recipe


def recipe(name: str, *parents: str, text: str = "RUN true\n") -> Recipe:
    return Recipe(name, f"n/{name}:t", "dockerfile", text, parents)


RECIPES = {
    each.name: each
    for each in (
        replace(recipe("debian"), how="bootstrap"),
        recipe("base", "debian"),
        recipe("builder", "base"),
        recipe("mariadb", "base"),
        recipe("openstack-base", "base"),
        recipe("keystone", "builder", "openstack-base"),
    )
}


def there(recipes: dict[str, Recipe] = RECIPES) -> dict[str, Observed]:
    """Every image as it is after a build."""
    return {
        each.reference: Observed(
            f"id-{each.name}",
            {**each.labels, BUILD_LABEL: build_label(each, {name: f"id-{name}" for name in each.parents})},
            1,
        )
        for each in recipes.values()
    }


ALL = Selection()


def text(recipes: dict[str, Recipe], observed: dict[str, Observed], selection: Selection = ALL) -> str:
    return make_plan(recipes, observed, selection).text()


def test_first_build_goes_from_parents_to_children() -> None:
    assert text(RECIPES, {}, Selection(("keystone",))) == (
        "debian          build: not built yet\n"
        "base            build: not built yet\n"
        "builder         build: not built yet\n"
        "openstack-base  build: not built yet\n"
        "keystone        build: not built yet\n"
    )


def test_nothing_to_do_is_said() -> None:
    assert text(RECIPES, there(), Selection(("mariadb",))) == (
        "debian   unchanged: same content\nbase     unchanged: same content\nmariadb  unchanged: same content\n"
    )


def test_a_change_reaches_what_builds_on_it() -> None:
    changed = RECIPES | {"openstack-base": recipe("openstack-base", "base", text="RUN false\n")}
    assert text(changed, there()) == (
        "debian          unchanged: same content\n"
        "base            unchanged: same content\n"
        "builder         unchanged: same content\n"
        "mariadb         unchanged: same content\n"
        "openstack-base  build: Dockerfile changed\n"
        "keystone        build: parent openstack-base changed\n"
    )


def test_a_parent_built_at_another_time_is_a_change() -> None:
    observed = there()
    observed["n/base:t"] = replace(observed["n/base:t"], id="id-other")
    assert "mariadb  build: parent base changed" in text(RECIPES, observed, Selection(("mariadb",), parents=False))


@pytest.mark.parametrize(
    ("new", "cause"),
    [
        (replace(RECIPES["mariadb"], files={"files/bin/x": Content(b"1")}), "files changed"),
        (replace(RECIPES["mariadb"], labels={"kolla_lite.ports": "3306"}), "labels changed"),
        (replace(RECIPES["mariadb"], parents=("debian",)), "parent debian changed"),
        (
            replace(
                RECIPES["mariadb"],
                files={"requirements.txt": Content(b"a==2")},
                labels={"kolla_lite.distributions": '{"a": "2", "b": "1"}'},
            ),
            "locked distributions changed (a absent → 2, b absent → 1)",
        ),
    ],
)
def test_each_part_is_named_when_it_changes(new: Recipe, cause: str) -> None:
    lines = text(RECIPES | {"mariadb": new}, there(), Selection(("mariadb",))).splitlines()
    assert lines[-1] == f"mariadb  build: {cause}"


def test_an_executable_bit_is_content() -> None:
    plain, executable = (replace(RECIPES["base"], files={"files/bin/x": Content(b"", flag)}) for flag in (False, True))
    assert plain.digests()["files"] != executable.digests()["files"]


def test_no_cache_is_for_what_was_asked_for() -> None:
    assert text(RECIPES, there(), Selection(("mariadb",), no_cache=True)) == (
        "debian   unchanged: same content\nbase     unchanged: same content\nmariadb  build: --no-cache\n"
    )


def test_images_of_another_origin_are_built_again() -> None:
    observed = there() | {"n/mariadb:t": Observed("id", {}, 1)}
    assert "mariadb  build: built by something else" in text(RECIPES, observed, Selection(("mariadb",)))


def test_the_operators_base_image_is_pulled_once() -> None:
    recipes = RECIPES | {"debian": Recipe("debian", "debian:13", "pull", "")}
    assert text(recipes, {}, Selection(("debian",))) == "debian  pull: not there yet\n"
    assert text(recipes, there(recipes), Selection(("debian",))) == "debian  unchanged: same content\n"


def test_without_parents_they_must_be_there() -> None:
    with pytest.raises(UserError, match="n/base:t, which is not there") as caught:
        make_plan(RECIPES, {}, Selection(("mariadb",), parents=False))
    assert caught.value.hint == "leave out --no-parents"


@pytest.mark.parametrize(
    ("selection", "asked", "covered"),
    [
        (Selection(("maria*",)), "mariadb", "debian base mariadb"),
        (Selection(("mariadb",), parents=False), "mariadb", "mariadb"),
        (
            Selection(("builder",), parents=False, children=True),
            "builder keystone",
            "builder keystone",
        ),
        (Selection(("*base",), parents=False), "base openstack-base", "base openstack-base"),
    ],
)
def test_selection(selection: Selection, asked: str, covered: str) -> None:
    assert select(RECIPES, selection) == (asked.split(), covered.split())


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(UserError, match="no image is called 'keystnoe'") as caught:
        select(RECIPES, Selection(("keystnoe",)))
    assert caught.value.hint == "did you mean `keystone`?"


def test_graph() -> None:
    assert tree(RECIPES, RECIPES) == (
        "debian\n"
        "└── base\n"
        "    ├── builder\n"
        "    ├── mariadb\n"
        "    └── openstack-base\n"
        "        └── keystone  (built in builder)\n"
    )
    assert levels(RECIPES, list(RECIPES)) == [
        ["debian"],
        ["base"],
        ["builder", "mariadb", "openstack-base"],
        ["keystone"],
    ]
    assert '"builder" -> "keystone" [style=dashed];' in dot(RECIPES, list(RECIPES))
    picture = svg(RECIPES, list(RECIPES))
    assert picture.count("<text") == 6
    assert picture.count("<path") == 6
