"""Lock files: reading, what an image needs of one, and that the shipped ones hold what declarations ask for."""

from __future__ import annotations

import pytest

from kolla_lite.errors import Location, UserError
from kolla_lite.image.lock import closure, compare, normal_name, parse_lock, read_lock, requirements_text, wanted
from kolla_lite.image.release import known_releases, load_release, lock_path
from kolla_lite.service.registry import load_services

TEXT = """\
# head
keystone==29.0.1 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via -r requirements.txt
oslo-db==18.0.0 \\
    --hash=sha256:cc
    # via
    #   -c ranges.txt
    #   keystone
    #   nova
nova==33.0.0 --hash=sha256:dd
"""


def test_reading() -> None:
    lock = parse_lock(TEXT, "x")
    assert lock["keystone"].hashes == ("sha256:aa", "sha256:bb")
    assert lock["keystone"].wanted_by == ()
    assert lock["oslo-db"].wanted_by == ("keystone", "nova")
    assert lock["nova"].version == "33.0.0"


def test_a_line_without_hash_is_refused() -> None:
    with pytest.raises(UserError, match="nova has no hash") as caught:
        parse_lock("# a\nnova==1\n", "x.lock.txt")
    assert caught.value.where == Location("x.lock.txt", 2)


def test_closure_and_requirements() -> None:
    found = closure(parse_lock(TEXT, "x"), ["Keystone[memcache]>=29"], "x")
    assert [item.name for item in found] == ["keystone", "oslo-db"]
    assert requirements_text(found[1:]) == "oslo-db==18.0.0 \\\n    --hash=sha256:cc\n"


@pytest.mark.parametrize(
    ("given", "name"), [("Oslo.DB", "oslo-db"), ("a_b[c]>=1; python_version<'4'", "a-b"), ("PyMySQL", "pymysql")]
)
def test_names_are_normalised(given: str, name: str) -> None:
    assert normal_name(given) == name


def test_compare_with_constraints() -> None:
    text = "keystone===29.0.0\noslo.db===18.0.0\nabsent===1\nnova===33.0.0;python_version=='3.13'\n"
    assert compare(parse_lock(TEXT, "x"), text) == ["keystone: 29.0.1, constraints say 29.0.0"]


@pytest.mark.parametrize("name", known_releases())
def test_the_shipped_lock_holds_all_that_is_declared(name: str) -> None:
    release = load_release(name)
    lock = read_lock(lock_path(name))
    assert closure(lock, wanted(release, load_services().values()), name)
    assert all(digest.startswith("sha256:") for item in lock.values() for digest in item.hashes)
