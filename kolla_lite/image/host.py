"""What the build host lends to a build and an image never keeps: package mirrors, certificates, proxies."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from kolla_lite.errors import Location, UserError
from kolla_lite.image.options import BuildOptions

DEBIAN_MIRROR = "http://deb.debian.org/debian"
DEBIAN_SECURITY_MIRROR = "http://deb.debian.org/debian-security"
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
_CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SECRET_LIMIT = 500 * 1024  # BuildKit's, in bytes


def secrets_for(options: BuildOptions, suite: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The text of each secret that Dockerfiles mount, by id. UserError when the CA bundle cannot serve."""
    bundle = ca_bundle(options, environ)
    apt = acquire_conf(apt_config_dump(), "/run/secrets/ca.pem" if bundle else "")
    return {
        "apt.conf": f'Dir::Etc::SourceList "/run/secrets/sources.list";\nDir::Etc::SourceParts "/dev/null";\n{apt}',
        "sources.list": sources_list(options, suite),
        "ca.pem": bundle,
        "python.env": python_env(options, environ, bool(bundle)),
    }


def proxies(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Names of the proxy variables that are set. The engine knows them as build arguments and keeps them out of images."""
    return [name for upper in PROXY_VARIABLES for name in (upper, upper.lower()) if environ.get(name)]


def mirrors(options: BuildOptions) -> tuple[str, str]:
    """The Debian archive and its security archive: the options', this machine's, or Debian's own."""
    found = debian_mirrors(
        _output("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages")
    )
    return options.apt_mirror or found[0], options.apt_security_mirror or found[1]


def debian_mirrors(targets: str) -> tuple[str, str]:
    """Main and security archive out of apt's index targets, lines of "URI RELEASE"; only those of a Debian machine."""
    main, security = DEBIAN_MIRROR, DEBIAN_SECURITY_MIRROR
    for line in reversed(targets.splitlines()):  # the first that is named wins
        uri, _, suite = line.strip().partition(" ")
        kind = urlsplit(uri)
        if kind.scheme not in ("http", "https"):
            continue
        path = kind.path.rstrip("/")
        if path.endswith("debian-security") and suite.endswith("-security"):
            security = uri.rstrip("/")
        elif path.endswith("debian") and re.fullmatch(r"[a-z]+", suite):
            main = uri.rstrip("/")
    return main, security


def sources_list(options: BuildOptions, suite: str) -> str:
    """apt sources of the suite with its updates."""
    main, security = mirrors(options)
    return "".join(
        f"deb {uri} {name} main\n"
        for uri, name in ((main, suite), (main, f"{suite}-updates"), (security, f"{suite}-security"))
    )


def acquire_conf(dump: str, ca_path: str) -> str:
    """This machine's way to its mirrors, out of `apt-config dump`, with the certificates at `ca_path` (empty: none)."""
    kept = [
        line
        for line in dump.splitlines()
        if re.match(r"Acquire::(https?::|Check-|Retries|ForceIPv)", line)
        and not re.match(r"(?i)Acquire::https?::(CA\w+|SslCert|SslKey|Proxy-Auto-Detect|ProxyAutoDetect)", line)
    ]
    own = ['Acquire::Languages "none";', *([f'Acquire::https::CAInfo "{ca_path}";'] if ca_path else [])]
    return "\n".join([*own, *kept]) + "\n"


def apt_config_dump() -> str:
    """The machine's apt configuration; empty where there is no apt."""
    return _output("apt-config", "dump")


def ca_path(environ: Mapping[str, str]) -> Path | None:
    """The file of the certificates that this machine trusts."""
    named = next((environ[name] for name in _CA_VARIABLES if environ.get(name)), None)
    return Path(named) if named else next((Path(name) for name in _CA_BUNDLES if Path(name).is_file()), None)


def ca_bundle(options: BuildOptions, environ: Mapping[str, str]) -> str:
    """The certificates (PEM) that builds trust; empty when there are none. UserError when unreadable or too large."""
    path = Path(options.ca_bundle) if options.ca_bundle else ca_path(environ)
    if path is None:
        return ""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"the CA bundle cannot be read: {error}", Location(str(path)), "mend `ca_bundle` in build.conf"
        ) from None
    if len(text.encode()) > _SECRET_LIMIT:
        raise UserError(
            f"the CA bundle is larger than {_SECRET_LIMIT // 1024} KiB, which the engine does not pass to builds",
            Location(str(path)),
            "name a smaller one: --ca-bundle FILE",
        )
    return text


def python_env(options: BuildOptions, environ: Mapping[str, str], with_ca: bool) -> str:
    """Variables for pip and uv inside a build step, as shell assignments."""
    values = python_settings(options.python_index, environ, "/run/secrets/ca.pem" if with_ca else "")
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def python_settings(index: str | None, environ: Mapping[str, str], certificates: str) -> dict[str, str]:
    """Variables that make pip and uv use this index, or the machine's own and its further ones, and these certificates.

    Indexes that are folders of this machine are left out: neither a build step nor a lock file should depend on them.
    """
    pip = _pip_config(environ)
    own = (
        environ.get("UV_DEFAULT_INDEX")
        or environ.get("UV_INDEX_URL")
        or environ.get("PIP_INDEX_URL")
        or pip.get("index-url")
    )
    extra = environ.get("UV_INDEX") or environ.get("PIP_EXTRA_INDEX_URL") or pip.get("extra-index-url") or ""
    remote = " ".join(url for url in extra.split() if url.startswith(("http://", "https://")))
    chosen = index or own or ""
    values: dict[str, str] = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if chosen.startswith(("http://", "https://")):
        values |= {"PIP_INDEX_URL": chosen, "UV_DEFAULT_INDEX": chosen}
    if remote and not index:
        values |= {"PIP_EXTRA_INDEX_URL": remote, "UV_INDEX": remote}
    if certificates:
        values |= {"PIP_CERT": certificates, "SSL_CERT_FILE": certificates}
    return values


def _pip_config(environ: Mapping[str, str]) -> dict[str, str]:
    """The [global] section of pip's configuration files, the later ones winning."""
    home = Path(environ.get("HOME", "/nonexistent"))
    files = [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    if environ.get("PIP_CONFIG_FILE"):
        files.append(Path(environ["PIP_CONFIG_FILE"]))
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(files, encoding="utf-8")
    except configparser.Error as error:
        raise UserError(
            f"pip's configuration cannot be read: {error}", hint="mend it, or give --python-index"
        ) from None
    return dict(parser["global"]) if parser.has_section("global") else {}


def _output(*command: str) -> str:
    """Standard output of a command; empty where there is none of that name or it fails, as apt on other systems."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
