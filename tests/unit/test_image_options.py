"""build.conf and flags; what the build host lends to a build."""

from __future__ import annotations

from pathlib import Path

import pytest
from oslo_config import generator

from kolla_lite import paths
from kolla_lite.errors import UserError
from kolla_lite.image import host
from kolla_lite.image.options import BuildOptions, load_options

OPTIONS = BuildOptions("2026.1", "n", "t")


def test_the_sample_is_current(tmp_path: Path) -> None:
    fresh = tmp_path / "sample"
    generator.main(["--namespace", "kolla_lite.build", "--wrap-width", "100", "--output-file", str(fresh)])
    assert (paths.ETC / "build.conf.sample").read_text() == fresh.read_text(), "run the command of docs/images.md"


def test_flags_stand_above_files_and_globals_below(tmp_path: Path) -> None:
    (tmp_path / "globals.yml").write_text("images: {namespace: mine, registry: 'r:5000', tag: t1}\n")
    assert load_options(tmp_path).reference("keystone") == "r:5000/mine/keystone:t1"
    (tmp_path / "build.conf").write_text(
        "[DEFAULT]\ntag = t2\njobs = 7\npackages = keystone: +a -b\npackages = base: +c\n"
    )
    options = load_options(tmp_path, {"namespace": "flag", "tag": None})
    assert options.reference("keystone") == "r:5000/flag/keystone:t2"
    assert options.jobs == 7
    assert options.packages == {"keystone": ("+a", "-b"), "base": ("+c",)}


def test_defaults_without_any_file(tmp_path: Path) -> None:
    assert load_options(tmp_path).reference("keystone") == "kolla-lite/keystone:2026.1"


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        ("[DEFAULT]\n\nnamepsace = a\n", 3, "unknown option 'namepsace'", "did you mean `namespace`?"),
        ("[build]\ntag = a\n", 1, r"unknown section \[build\]", "under [DEFAULT]"),
        ("[DEFAULT]\njobs = many\n", 2, "jobs", "build.conf.sample"),
        ("[DEFAULT]\nnamespace = a b\n", 2, "namespace", "build.conf.sample"),
        ("[DEFAULT]\nnonsense\n", 2, "not an INI file", "name = value"),
    ],
)
def test_mistakes_in_build_conf(tmp_path: Path, text: str, line: int, message: str, remedy: str) -> None:
    (tmp_path / "build.conf").write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load_options(tmp_path)
    assert caught.value.where
    assert caught.value.where.line == line
    assert remedy in caught.value.hint


@pytest.mark.parametrize("line", ["keystone", "keystone:", "keystone: vim", "keystone: +vim; rm -rf /", ": +a"])
def test_mistakes_in_package_changes(tmp_path: Path, line: str) -> None:
    with pytest.raises(UserError, match="is not understood"):
        load_options(tmp_path, {"packages": [line]})


def test_mirrors_of_a_debian_machine_serve_and_others_do_not() -> None:
    targets = (
        "http://m.example/debian/ bookworm\nhttp://m.example/debian/ bookworm-updates\n"
        "https://s.example/x/debian-security/ bookworm-security\nhttp://third.example/debian/ nodistro\nfile:/srv/debian x\n"
    )
    assert host.debian_mirrors(targets) == ("http://m.example/debian", "https://s.example/x/debian-security")
    assert host.debian_mirrors("") == (host.DEBIAN_MIRROR, host.DEBIAN_SECURITY_MIRROR)


def test_the_way_to_mirrors_is_lent_without_the_machines_own_files() -> None:
    dump = (
        'APT::Architecture "amd64";\nAcquire::http::Proxy "http://proxy:3128";\nAcquire::Check-Valid-Until "false";\n'
        'Acquire::https::CAInfo "/etc/own.pem";\nAcquire::http::Proxy-Auto-Detect "/usr/bin/detect";\n'
    )
    assert host.acquire_conf(dump, "/run/secrets/ca.pem") == (
        'Acquire::Languages "none";\nAcquire::https::CAInfo "/run/secrets/ca.pem";\n'
        'Acquire::http::Proxy "http://proxy:3128";\nAcquire::Check-Valid-Until "false";\n'
    )


def test_python_index_is_quoted_and_folders_of_the_machine_left_out(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": "https://u:p&'@m.example/simple",
        "PIP_EXTRA_INDEX_URL": "file:///opt/x https://more.example/simple",
    }
    assert host.python_env(OPTIONS, environ, with_ca=True).splitlines()[1:5] == [
        """PIP_INDEX_URL='https://u:p&'"'"'@m.example/simple'""",
        """UV_DEFAULT_INDEX='https://u:p&'"'"'@m.example/simple'""",
        "PIP_EXTRA_INDEX_URL=https://more.example/simple",
        "UV_INDEX=https://more.example/simple",
    ]


def test_ca_bundle_too_large_for_the_engine(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("x" * 600_000)
    with pytest.raises(UserError, match="larger than 500 KiB"):
        host.ca_bundle(OPTIONS, {"SSL_CERT_FILE": str(bundle)})


def test_proxies_by_either_spelling() -> None:
    assert host.proxies({"http_proxy": "x", "NO_PROXY": "y", "HTTPS_PROXY": ""}) == ["http_proxy", "NO_PROXY"]
