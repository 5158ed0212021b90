"""hosts.yml: the machines of a cloud."""

from __future__ import annotations

import ipaddress
import keyword
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints

from kolla_lite.errors import Location, UserError, raise_all
from kolla_lite.inventory.ranges import expand
from kolla_lite.service.declaration import Port, Role
from kolla_lite.source import Document, Model, load, parse

ROLES: tuple[str, ...] = get_args(Role)
# Groups that Ansible has without being told.
_RESERVED_NAMES = {"all", "ungrouped"}
_NAME = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
# What hosts.yml says by keys of its own is not said a second time, differently, among the variables.
_OWN_VARIABLES = {
    "ansible_host": "address or ssh.address",
    "ansible_port": "ssh.port",
    "ansible_user": "ssh.user",
    "ansible_ssh_private_key_file": "ssh.key",
    "ansible_ssh_common_args": "ssh.options",
    "ansible_connection": "connection",
    "kolla_lite_config": "--config DIR",
}


def _variable_name(name: str) -> str:
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError("not a name for a variable: letters, digits and _, no digit first")
    if name in _OWN_VARIABLES:
        raise ValueError(f"kolla-lite sets this variable itself, from {_OWN_VARIABLES[name]}")
    return name


def _empty_for_none(value: Any) -> Any:
    return {} if value is None else value


_Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
_Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
_OptionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+$")]
_OptionValue = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]
_VariableName = Annotated[str, AfterValidator(_variable_name)]


class Ssh(Model):
    """How the controller reaches a host over SSH."""

    address: str | None = Field(
        default=None, description="Where SSH listens, if not at the host's address; ranges as there."
    )
    port: Port | None = Field(default=None, description="Port of SSH; what ssh's own configuration says by default.")
    user: _Word | None = Field(
        default=None, description="Account to log in as; what ssh's configuration says by default."
    )
    key: Annotated[str, StringConstraints(pattern=r"^[/~][^\x00-\x1f\x7f]*$")] | None = Field(
        default=None, description="Private key file on the controller, from / or ~.", examples=["~/.ssh/cloud"]
    )
    options: dict[_OptionName, _OptionValue] = Field(
        default_factory=dict,
        description="Further options of ssh_config(5).",
        examples=[{"ProxyJump": "bastion.example.com"}],
    )


class HostEntry(Model):
    """One entry of hosts.yml: a host, or with ranges in its name and address several."""

    address: str = Field(
        description="IP address or DNS name that services bind to and other hosts reach.",
        examples=["10.0.0.11", "10.0.0.[11:13]"],
    )
    roles: tuple[Role, ...] = Field(description="What the host is for.", examples=[["control", "network"]])
    zone: _Word | None = Field(
        default=None, description="Failure domain; services spread over zones.", examples=["rack-1"]
    )
    labels: dict[_Label, str] = Field(
        default_factory=dict, description="Free words about the host.", examples=[{"room": "B 12"}]
    )
    vars: dict[_VariableName, JsonValue] = Field(
        default_factory=dict,
        description="Variables for Ansible and for templates. Data: `{{ }}` in them is never evaluated.",
    )
    connection: Literal["ssh", "local"] = Field(default="ssh", description="`local` for the controller itself.")
    ssh: Annotated[Ssh, BeforeValidator(_empty_for_none)] = Field(default_factory=Ssh, description="How to reach it.")


class HostsFile(Model):
    """hosts.yml as it is written."""

    topic = "hosts"

    hosts: Annotated[
        dict[str, Annotated[HostEntry, BeforeValidator(_empty_for_none)]], BeforeValidator(_empty_for_none)
    ] = Field(description="The machines by name; `ctl[1:3]` stands for ctl1, ctl2 and ctl3.")


@dataclass(frozen=True)
class Host:
    """A machine, with ranges expanded."""

    name: str
    address: str
    """IP address, or DNS name, that services bind to and other hosts reach."""
    roles: tuple[str, ...]
    zone: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    vars: Mapping[str, Any] = field(default_factory=dict)
    """Plain data for templates and Ansible, JSON types only."""
    connection: Literal["ssh", "local"] = "ssh"
    ssh: Ssh = field(default_factory=Ssh)
    ssh_address: str = ""
    """Where the controller reaches it: `ssh.address` with ranges expanded, else `address`."""
    where: Location | None = field(default=None, compare=False, repr=False)
    """Its entry in hosts.yml."""

    @property
    def needs_sudo(self) -> bool:
        """Whether whoever logs in is not root, as containers and their configuration need."""
        return os.geteuid() != 0 if self.connection == "local" else self.ssh.user not in (None, "root")


def load_hosts(path: Path) -> dict[str, Host]:
    """The hosts of a hosts.yml by name, in the file's order. UserError, or UserErrors when it has several mistakes."""
    return hosts_of(load(path))


def hosts_of(document: Document) -> dict[str, Host]:
    """As `load_hosts`, from a document already read."""
    entries = parse(HostsFile, document).hosts
    if not entries:
        raise UserError("there are no hosts", document.where("hosts"), "name at least one, with `address` and `roles`")
    hosts: dict[str, Host] = {}
    errors: list[UserError] = []
    unique = _Unique()
    for key, entry in entries.items():
        try:
            for host in _expand_entry(key, entry, document):
                unique.check(host, key, document)
                hosts[host.name] = host
        except UserError as error:
            errors.append(error)
    raise_all(errors)
    _check_loopback(hosts)
    return hosts


def _expand_entry(key: str, entry: HostEntry, document: Document) -> Iterator[Host]:
    where = document.where("hosts", key)
    try:
        names = expand(key)
    except ValueError as error:
        raise UserError(str(error), where, "write it as Ansible does, for example `ctl[1:3]`") from None
    for name in names:
        if not _NAME.fullmatch(name) or name in _RESERVED_NAMES:
            raise UserError(
                f"{name!r} cannot be the name of a host",
                where,
                "letters, digits, `-` and `.`, as in DNS; not `all` or `ungrouped`",
            )
    addresses = _addresses(entry.address, names, document, "hosts", key, "address")
    reached_at = addresses
    if entry.ssh.address is not None:
        reached_at = _addresses(entry.ssh.address, names, document, "hosts", key, "ssh", "address")
    for name, address, ssh_address in zip(names, addresses, reached_at, strict=True):
        yield Host(
            name=name,
            address=address,
            roles=tuple(dict.fromkeys(entry.roles)),
            zone=entry.zone or "",
            labels=entry.labels,
            vars=entry.vars,
            connection=entry.connection,
            ssh=entry.ssh,
            ssh_address=ssh_address,
            where=where,
        )


def _addresses(pattern: str, names: list[str], document: Document, *keys: str) -> list[str]:
    """One checked address for each name, in the same order. `keys` lead to the pattern in the document."""
    try:
        addresses = [_address(text) for text in expand(pattern)]
    except ValueError as error:
        hint = "write an address such as `10.0.0.11` or `10.0.0.[11:13]`, without port or brackets around it"
        raise UserError(str(error), document.where(*keys), hint) from None
    if len(addresses) != len(names):
        hosts, places = _count(len(names), "host"), _count(len(addresses), "address", "es")
        raise UserError(
            f"{keys[1]} stands for {hosts}, {pattern} for {places}",
            document.where(*keys),
            f"give name and address ranges of the same length, for example `[1:{len(names)}]`",
        )
    return addresses


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"


def _address(text: str) -> str:
    """An IP address in its one canonical form, or a DNS name in lower case. ValueError, with a sentence, otherwise."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        # A name that ends in a number is an IP address gone wrong, such as 10.0.0.300.
        if _NAME.fullmatch(text) and not text.rsplit(".", 1)[-1].isdigit():
            return text.lower()
        raise ValueError(f"{text!r} is neither an IP address nor a DNS name") from None
    if ip.is_unspecified or ip.is_multicast:
        raise ValueError(f"{text} is not the address of one host")
    return str(ip)


class _Unique:
    """Finds what two hosts may not share: name, address, the controller itself."""

    def __init__(self) -> None:
        self._names: dict[str, Host] = {}
        self._addresses: dict[str, Host] = {}
        self._local: Host | None = None

    def check(self, host: Host, key: str, document: Document) -> None:
        """UserError when an earlier host has the name (in any case), the address or the local connection."""
        same = self._names.setdefault(host.name.lower(), host)
        if same is not host:
            raise UserError(
                f"the host {host.name} stands twice, first {_line(same)}",
                document.where("hosts", key),
                "remove one of the two or narrow a range",
            )
        same = self._addresses.setdefault(host.address, host)
        if same is not host:
            raise UserError(
                f"{host.name} has the address {host.address} of {same.name} ({_line(same)})",
                document.where("hosts", key, "address"),
                "give each host its own address",
            )
        if host.connection == "local":
            if self._local:
                raise UserError(
                    f"{host.name} and {self._local.name} ({_line(self._local)}) both have `connection: local`",
                    document.where("hosts", key, "connection"),
                    "only the machine that kolla-lite runs on is local; reach the other over SSH",
                )
            self._local = host


def _line(host: Host) -> str:
    return f"in line {host.where.line}" if host.where else "before"


def _check_loopback(hosts: Mapping[str, Host]) -> None:
    if len(hosts) == 1:
        return
    for host in hosts.values():
        if host.address in {"localhost", "::1"} or host.address.startswith("127."):
            raise UserError(
                f"{host.name} has the address {host.address}, where no other host reaches it",
                host.where,
                "give the address of a network that all hosts share",
            )
