"""Differences of configuration files show what changed and never a secret, also one that is no longer known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kolla_lite.cli.main import run
from kolla_lite.cloud import Cloud, load_cloud
from kolla_lite.config.difference import MASK, hide, masked_diff, masked_text
from kolla_lite.config.render import FILTERS
from kolla_lite.config.secrets import declared, generate
from kolla_lite.deploy.desired import desired_state

OLD, NEW = "wqfhjklzxcvb-old", "wqfhjklzxcvb-new"
GENERATED = "gq2TnW4IYh0ZkR9sLx7VbC1dEf3AaPoM"
FERNET = "y0HwX3-2nKq_7fGv5LrTzQmB8cJdSaUeWxYi1oPh4tE="


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[ldap]\npassword = {}\n", "[ldap]\npassword = {}\n"),
        ("c = mysql://ks:{}@10.0.0.1/ks\n", "c = mysql://ks:{}@10.0.0.2/ks\n"),
        ("c = mysql://ks:{}/@:x@10.0.0.1/ks\n", "c = none\n"),
        ("url = rabbit://k:{0}@a:1,k:{0}@b:2//\n", "url = rabbit://k:{0}@a:1,k:{0}@c:2//\n"),
        ("{}", "{}"),
        ("{}\n", "{}\n"),
        ("{}", None),
        ("# {}\nx = 1\n", None),
        ("[a]\nopaque = {}\n", "[a]\nopaque = {}\n"),
        ("[a]\nopaque = {} and more\n", "[a]\nopaque = other {}\n"),
        ("[a]\nopaque =\n    {}\nother = 1\n", "[a]\nopaque = {}\n"),
        ("[a]\npassword =\n    {}\n  {}\n", "[a]\nx = 1\n"),
        ('{{"users": [{{"name": "a", "password": "{}"}}]}}\n', '{{"users": [{{"name": "b", "password": "{}"}}]}}\n'),
        ("ALTER USER 'a' IDENTIFIED BY '{}';\n", "ALTER USER 'b' IDENTIFIED BY '{}';\n"),
        ("auth:\n  admin_token: {}\n", "auth: {{}}\n"),
        ("export SECRET={}\n", "x\n"),
        ("secret: |\n  line {}\n  line two {}\nopen: 1\n", "open: 1\n"),
    ],
)
def test_no_secret_of_either_side_is_shown(old: str, new: str | None) -> None:
    before, after = old.format(OLD, OLD), new and new.format(NEW, NEW)
    shown = masked_diff(before, after, "a.conf", [NEW])
    assert OLD not in shown
    assert NEW not in shown
    assert any(line.startswith("-") and MASK in line for line in shown.splitlines()[2:])


@pytest.mark.parametrize("secret", [GENERATED, FERNET, "NGBFtJJAATnxiAgrpgpOSrrkTUlxrqONibnIKvJMXxg="])
def test_what_looks_generated_is_hidden_wherever_it_stands(secret: str) -> None:
    assert secret not in masked_diff(f"why {secret}\nx {secret};\n", "y\n", "a", [])


@pytest.mark.parametrize("secret", ['it\'s "$5" & \\more', " spaces at the ends ", "p@ss:w/rd#%", "ünïcode-secret"])
def test_every_form_of_a_secret_is_hidden(secret: str) -> None:
    for form in FILTERS.values():
        text = f"say <{form(secret)}> aloud"
        assert form(secret) not in hide(text, [secret])
        assert form(secret) not in masked_text(text, [secret])


def test_a_secret_that_begins_another_one_uncovers_nothing_of_it() -> None:
    assert hide("abcdefghijkl-and-more", ["abcdefghijkl", "abcdefghijkl-and-more"]) == MASK


def test_a_difference_as_people_read_it() -> None:
    old = f"[DEFAULT]\ndebug = false\n\n[database]\nconnection = mysql://ks:{OLD}@10.0.0.1/ks\n"
    new = f"[DEFAULT]\ndebug = true\n\n[database]\nconnection = mysql://ks:{NEW}@10.0.0.1/ks\n"
    assert masked_diff(old, new, "keystone.conf", [NEW]).splitlines() == [
        "--- keystone.conf (host)",
        "+++ keystone.conf (deploy)",
        "@@ -1,5 +1,5 @@",
        " [DEFAULT]",
        "-debug = false",
        "+debug = true",
        " ",
        " [database]",
        f"-connection = mysql://ks:{MASK}@10.0.0.1/ks",
        f"+connection = mysql://ks:{MASK}@10.0.0.1/ks",
    ]


def test_a_changed_secret_hides_nothing_else_of_its_line() -> None:
    line = '  "users": [{{"name": "a", "password": "{}", "tags": ["b"]}}],\n'
    shown = masked_diff(line.format(OLD), line.format(NEW), "definitions.json", [NEW])
    assert shown.splitlines()[3:] == [f"{mark}{line.format(MASK).rstrip()}" for mark in "-+"]


@pytest.mark.parametrize("key", ["A" * 43 + "=", "AQ" + "A" * 36 + "=="])
def test_a_key_alone_in_its_file_is_known_by_its_look_whatever_is_in_it(key: str) -> None:
    assert masked_text(f"{key}\n", []) == f"{MASK}\n"
    assert key not in masked_diff(f"{key}\n", None, "f", [])


def test_files_that_come_and_go_and_line_ends() -> None:
    assert masked_diff("a\n", "a\n", "f", []) == ""
    assert masked_diff(None, None, "f", []) == ""
    assert masked_diff(None, "a = 1\n", "f", []) == "--- /dev/null\n+++ f (deploy)\n@@ -0,0 +1,1 @@\n+a = 1\n"
    assert masked_diff("a = 1\n", None, "f", []) == "--- f (host)\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a = 1\n"
    assert "+\\ no newline at the end" in masked_diff("a = 1\n", "a = 1", "f", [])


@pytest.mark.parametrize(
    "line",
    [
        "[token]",
        "expiration = 3600",
        "key_repository = /var/lib/kolla/config_files/fernet-keys",
        "auth_url: http://10.0.0.1:5000/v3",
        "memcache_servers = 10.0.0.1:11211,10.0.0.2:11211",
        "    server ctl1 10.0.0.1:15000",
        "SERVER_ADDITIONAL_ERL_ARGS=\"-kernel inetrc '/etc/rabbitmq/erl_inetrc'\"",
        f"url = rabbit://k:{MASK}@a:1,k:{MASK}@b:2//",
        "password_hash_rounds = 12",
        'digest = "sha256:0f3c2a9d8b7e6f5a4c3b2a1908f7e6d5c4b3a291"',
    ],
)
def test_what_is_no_secret_is_shown(line: str) -> None:
    assert masked_text(line, []) == line


def files(cloud: Cloud) -> dict[str, str]:
    return {
        f"{file.container}/{file.path}": file.content.decode()
        for service in desired_state(cloud, "localhost").values()
        for file in service.files
    }


def test_no_file_of_any_service_shows_a_password_that_was_replaced(tmp_path: Path) -> None:
    assert run(["init", "--config", str(tmp_path)]) == 0
    cloud = load_cloud(tmp_path)
    fresh = generate(cloud.declared)
    chosen = [name for name, secret in declared(cloud.declared).items() if secret.kind == "password"]
    names = {fresh.passwords[name] for name, secret in declared(cloud.declared).items() if secret.kind == "uuid"}
    weak = {name: f"it's {number} horse: @staple" for number, name in enumerate(chosen)}
    before = replace(cloud, secrets=replace(fresh, passwords={**fresh.passwords, **weak}))
    moved = replace(cloud, globals=cloud.globals.model_copy(update={"api_address": "10.9.9.9", "region": "Elsewhere"}))
    for new in (cloud, moved):
        held, wanted = files(before), files(new)
        for name, text in held.items():
            for other in (wanted.get(name), None):
                shown = masked_diff(text, other, name, cloud.secrets.all_values())
                assert "horse" not in shown
                assert not [value for value in {*before.secrets.all_values()} - names if value in shown]
                assert not [value for value in cloud.secrets.all_values() if value in shown]
