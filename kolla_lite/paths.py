"""Where the data that comes with the package is: the source tree, or what the wheel carries."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# A wheel installs ansible/, docker/ and etc/ inside the package, under data/; a checkout has them beside it.
DATA = _PACKAGE / "data" if (_PACKAGE / "data").is_dir() else _PACKAGE.parent
ANSIBLE = DATA / "ansible"
ROLES = ANSIBLE / "roles"
DOCKER = DATA / "docker"
ETC = DATA / "etc" / "kolla-lite"
