"""Override layers: who claims a file, and how ini files merge. What oslo.config reads is what counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from oslo_config import cfg

from kolla_lite.config.layers import Layer, Layers, merge_ini
from kolla_lite.errors import Location, UserError
from kolla_lite.service.declaration import Service


def service(name: str, file: str, kind: str = "ini") -> Service:
    return Service.model_validate(
        {
            "name": name,
            "description": "d",
            "user": {"name": "x", "uid": 1},
            "secrets": {"keys": {"kind": "keyring"}},
            "config": [{"name": file, "format": kind}, {"name": "keys", "keyring": "keys"}],
            "containers": [{"name": f"{name}_api", "place": {"role": "control"}, "command": "true"}],
        }
    )


NOVA, OTHER, PROXY = service("nova", "nova.conf"), service("other", "nova.conf"), service("proxy", "proxy.cfg", "text")


def read(text: str, tmp_path: Path) -> dict[str, dict[str, list[str]]]:
    """What oslo.config's own parser makes of a file."""
    file = tmp_path / "merged.conf"
    file.write_text(text)
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(file), sections).parse()
    return sections


def test_layers_of_a_file_weakest_first(tmp_path: Path) -> None:
    names = ["nova/ctl1/nova.conf", "nova/nova_api.conf", "nova.conf", "global.conf", ".nova.conf.swp", "README.md"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    layers = Layers.find(tmp_path)
    assert layers.of(NOVA, NOVA.containers[0], NOVA.config[0], "ctl1") == [tmp_path / name for name in names[3::-1]]
    assert layers.of(OTHER, OTHER.containers[0], OTHER.config[0], "ctl2") == [tmp_path / names[3], tmp_path / names[2]]
    assert layers.of(PROXY, PROXY.containers[0], PROXY.config[0], "ctl1") == []
    assert layers.unclaimed([NOVA, OTHER], ["ctl1"]) == []
    assert [str(error.where) for error in layers.unclaimed([OTHER], [])] == [
        str(tmp_path / "nova/ctl1/nova.conf"),
        str(tmp_path / "nova/nova_api.conf"),
    ]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("nvoa.conf", "nova.conf"),
        ("nova/nova-api.conf", "nova/nova_api.conf"),
        ("nova/ctrl1/nova.conf", "nova/ctl1/nova.conf"),
        ("globals.conf", "global.conf"),
        ("proxy/proxy_api.conf", "proxy/ctl1/proxy.cfg"),
        ("xyz", None),
    ],
)
def test_a_file_nobody_claims(tmp_path: Path, name: str, near: str | None) -> None:
    (error,) = Layers(tmp_path, frozenset([name])).unclaimed([NOVA, PROXY], ["ctl1"])
    assert error.where == Location(str(tmp_path / name))
    assert error.hint == (
        f"did you mean {tmp_path / near}?"
        if near
        else "move it out of config/; `kolla-lite docs overrides` lists what is read"
    )


def test_a_later_layer_replaces_all_values_of_an_option(tmp_path: Path) -> None:
    merged = merge_ini(
        [
            Layer("t", "[b]\nmany = 1\nmany = 2\nkept = x\n[DEFAULT]\ndebug = false\n"),
            Layer("o", "# mine\n[B]\nmany = 3\n\n[a]\nnew: y\n"),
        ]
    )
    assert merged.text == "[DEFAULT]\ndebug = false\n\n[b]\nmany = 3\nkept = x\n\n[a]\nnew = y\n"
    assert read(merged.text, tmp_path)["b"]["many"] == ["3"]
    assert merged.origins[("b", "many")] == Location("o", 3)
    assert merged.origins[("b", "kept")] == Location("t", 4)
    assert merge_ini([Layer("again", merged.text)]).text == merged.text


@pytest.mark.parametrize(
    "line",
    [
        "k = ' x '",
        'k = "',
        "k = ''x''",
        'k = "\'"',
        "k = a\n  b\n   c",
        "k =\n  a",
        "k =",
        "k = a = b : c",
        "k = #;[x]",
    ],
)
def test_a_value_survives_as_oslo_config_reads_it(tmp_path: Path, line: str) -> None:
    text = f"[DEFAULT]\n{line}\n"
    assert read(merge_ini([Layer("t", text)]).text, tmp_path) == read(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[a]\nhunter2\n", 2, "no ':' or '=' found"),
        ("[a\n", 1, "invalid section"),
        ("\npassword = hunter2\n", 2, "option before the first section"),
        ("[a]\n= hunter2\n", 2, "key cannot be empty"),
        ("[a]\n\n  hunter2\n", 3, "unexpected continuation"),
    ],
)
def test_a_syntax_error_has_its_place_and_shows_no_value(text: str, line: int, message: str) -> None:
    with pytest.raises(UserError) as caught:
        merge_ini([Layer("nova.conf", text)])
    assert caught.value.where == Location("nova.conf", line)
    assert message in caught.value.message
    assert "hunter2" not in str(caught.value)
