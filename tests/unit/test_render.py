"""Templates: values stay what they are in every format, and mistakes have a place and a remedy."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from oslo_config import cfg
from pymysql.converters import escape_string

from kolla_lite.config import render
from kolla_lite.config.layers import Layers
from kolla_lite.config.render import render_file, render_text
from kolla_lite.errors import Location, UserError
from kolla_lite.service.declaration import Service

HOSTILE = [
    "plain",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{# gone #}",
    "'single'",
    '"double"',
    '"',
    "it's",
    " spaces ",
    "$HOME and ${debug} and $$ and $",
    r"\$x and \\$x \ ",
    "a=b:c",
    "# no comment ; neither",
    "[section]",
    "`id` $(id) ; | & > <",
    "%s %(x)s %%",
    "a@b/c?d#e&f=g h+i",
    "ünï",
    "null",
    "-",
]
SERVICE = Service.model_validate(
    {
        "name": "nova",
        "description": "d",
        "user": {"name": "nova", "uid": 1},
        "config": [
            {"name": "nova.conf", "format": "ini"},
            {"name": "policy.yaml", "template": "none"},
            {"name": "motd"},
        ],
        "containers": [{"name": "nova_api", "place": {"role": "control"}, "command": "true"}],
    }
)


@pytest.mark.parametrize("value", HOSTILE)
def test_ini_values_reach_oslo_config_unchanged(tmp_path: Path, value: str) -> None:
    (tmp_path / "nova.conf.j2").write_text("[DEFAULT]\npassword = {{ value | ini }}\n")
    file = tmp_path / "nova.conf"
    rendered = one(SERVICE, "nova.conf", tmp_path, {"value": value})
    assert rendered
    file.write_bytes(rendered.content)
    conf = cfg.ConfigOpts()
    conf.register_opts([cfg.StrOpt("password"), cfg.BoolOpt("debug")])
    conf([], default_config_files=[str(file)], default_config_dirs=[])
    assert conf.password == value


@pytest.mark.parametrize("value", [*HOSTILE, "two\nlines", "nul\0"])
def test_other_formats_keep_values(value: str) -> None:
    def through(name: str) -> str:
        return render_text(f"{{{{ value | {name} }}}}", "t", {"value": value})

    assert json.loads(through("json")) == value
    assert yaml.safe_load(f"key: {through('yaml')}") == {"key": value}
    assert unquote(through("urlquote")) == value
    assert "/" not in through("urlquote")
    assert through("sql") == f"'{escape_string(value)}'"
    assert render_text("{{ value }}", "t", {"value": value}) == value


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b"])
def test_ini_refuses_what_it_cannot_hold(value: str) -> None:
    with pytest.raises(UserError, match="line break") as caught:
        render_text("[a]\nk = {{ value | ini }}\n", "nova.conf.j2", {"value": value})
    assert caught.value.where == Location("nova.conf.j2", 2)


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        ("\n{{ regoin }}", 2, "'regoin' is undefined", "did you mean `region`?"),
        ("\n\n{{ host.adress }}", 3, "has no attribute 'adress'", "did you mean `address`?"),
        ("{% if %}", 1, "not a valid template", "mend"),
        ("a\n{% endfor %}", 2, "not a valid template", "mend"),
        ("a\n{{ x | nosuch }}", 2, "No filter named 'nosuch'", "mend"),
        ("{% for x in [1] %}\n{{ fail() }}\n{% endfor %}", 2, "keystone has no database", "mend"),
        ("{{ 1 + 'a' }}", 1, "TypeError", "mend"),
        ("{{ region.__class__ }}", 1, "unsafe", "mend"),
        ("{% include 'missing' %}", 1, "missing", "mend"),
        ("\n{% import 'macros.j2' as m %}{{ m.bad() }}", 2, "'nothing' is undefined", ""),
    ],
)
def test_a_template_error_has_place_and_remedy(tmp_path: Path, text: str, line: int, message: str, remedy: str) -> None:
    (tmp_path / "macros.j2").write_text("\n{% macro bad() %}{{ nothing }}{% endmacro %}")

    def fail() -> None:
        raise KeyError("keystone has no database")

    with pytest.raises(UserError) as caught:
        render_text(text, "x.j2", {"region": "r", "host": {"address": "a"}, "fail": fail}, (tmp_path,))
    name = str(tmp_path / "macros.j2") if "macros" in text else "x.j2"
    assert caught.value.where == Location(name, line)
    assert message in caught.value.message
    assert remedy in caught.value.hint


def one(
    service: Service, name: str, templates: Path, context: dict[str, object], layers: Path | None = None
) -> render.RenderedFile | None:
    file = next(file for file in service.config if file.name == name)
    return render_file(
        service,
        service.containers[0],
        file,
        "ctl1",
        context=context,
        layers=Layers.find(layers) if layers else Layers(templates),
        templates=(templates,),
    )


def test_overrides_are_templates_and_origins_name_their_lines(tmp_path: Path) -> None:
    (tmp_path / "nova.conf.j2").write_text("[DEFAULT]\n{% for x in 'ab' %}\n\n{{ x }} = 1\n{% endfor %}\nlast = 1\n")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/global.conf").write_text("{# why #}\n[DEFAULT]\na = {{ host }}\n")
    rendered = one(SERVICE, "nova.conf", tmp_path, {"host": "ctl1"}, tmp_path / "config")
    assert rendered
    assert rendered.content == b"[DEFAULT]\na = ctl1\nb = 1\nlast = 1\n"
    assert rendered.origins[("DEFAULT", "a")] == Location(str(tmp_path / "config/global.conf"), 3)
    assert rendered.origins[("DEFAULT", "b")] == Location(str(tmp_path / "nova.conf.j2"), 4)
    assert rendered.origins[("DEFAULT", "last")] == Location(str(tmp_path / "nova.conf.j2"), 6)


def test_a_text_file_is_replaced_whole_and_an_optional_one_may_be_absent(tmp_path: Path) -> None:
    (tmp_path / "motd.j2").write_text("shipped\n")
    (tmp_path / "config/nova/ctl1").mkdir(parents=True)
    assert one(SERVICE, "policy.yaml", tmp_path, {}) is None
    (tmp_path / "config/policy.yaml").write_text("{}\n")
    (tmp_path / "config/nova/ctl1/motd").write_text("mine {{ x | json }}\n")
    policy = one(SERVICE, "policy.yaml", tmp_path, {}, tmp_path / "config")
    motd = one(SERVICE, "motd", tmp_path, {"x": "{{ y }}"}, tmp_path / "config")
    assert policy
    assert policy.content == b"{}\n"
    assert motd
    assert motd.content == b'mine "{{ y }}"\n'
