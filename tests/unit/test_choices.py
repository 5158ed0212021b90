"""What services choose by what a host has: told by precheck, and by start scripts the same from the same signs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kolla_lite import paths
from kolla_lite.cloud import Cloud
from kolla_lite.deploy.choices import choices
from kolla_lite.deploy.report import choices_of, choices_table
from kolla_lite.deploy.run import Outcome

sys.path.insert(0, str(paths.ANSIBLE / "collections"))
from ansible_collections.kolla_lite.core.plugins.module_utils import facts

COMPUTE = "profile: compute\n"
MODULE = f"lib/modules/{os.uname().release}/modules.dep"
PLAIN = {"machine": "x86_64", "virtualisation": "", "kvm": False, "openvswitch": False, "nfs": False}
ABLE = {"machine": "x86_64", "virtualisation": "vmx", "kvm": True, "openvswitch": True, "nfs": True}


@pytest.fixture(scope="module")
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    return make_cloud(COMPUTE)


def told(cloud: Cloud, found: dict[str, object], host: str = "ctl1") -> dict[str, tuple[str, str, str]]:
    return {one.what: (one.chosen, one.why, one.key) for one in choices(cloud, host, found)}


def test_what_a_host_has_decides(cloud: Cloud) -> None:
    assert told(cloud, ABLE) == {
        "datapath": ("kernel", "the kernel has the module openvswitch", "network.datapath"),
        "volumes": ("ceph", "the service ceph is on", "services.ceph"),
        "virtualisation": ("kvm", "processor and kernel can", "compute.virtualisation"),
    }
    plain = told(cloud, PLAIN)
    assert plain["virtualisation"] == ("qemu", "there is no /dev/kvm", "compute.virtualisation")
    assert plain["datapath"] == ("userspace", "the kernel has no module openvswitch", "network.datapath")
    assert told(cloud, {**PLAIN, "kvm": True})["virtualisation"][1] == "the processor has neither vmx nor svm"
    assert told(cloud, {**PLAIN, "kvm": True, "machine": "aarch64"})["virtualisation"][0] == "kvm"


def test_the_operator_decides_otherwise(make_cloud: Callable[..., Cloud]) -> None:
    decided = "compute: {virtualisation: qemu}\nnetwork: {datapath: userspace}\nservices: {ceph: false}\n"
    found = told(make_cloud(COMPUTE + decided), ABLE)
    assert found["virtualisation"] == ("qemu", "globals.yml says so", "compute.virtualisation")
    assert found["datapath"] == ("userspace", "globals.yml says so", "network.datapath")
    assert found["volumes"] == ("another cluster", "no service of this cloud provides storage", "services")


def test_volumes_as_files(make_cloud: Callable[..., Cloud]) -> None:
    found = told(make_cloud(COMPUTE + "storage: {share: /srv/volumes}\n"), PLAIN)
    assert found["volumes"] == ("files in /srv/volumes", "globals.yml says so", "storage.share")


@pytest.mark.parametrize(
    ("path", "text", "known"),
    [
        ("proc/filesystems", "nodev\tnfs4\n", True),
        ("proc/filesystems", "nodev\tnfsd\n", False),
        (MODULE, "kernel/fs/nfs/nfsv4.ko.xz:\n", True),
    ],
)
def test_whether_a_kernel_has_nfs(tmp_path: Path, path: str, text: str, known: bool) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text)
    assert facts.hardware(str(tmp_path))["nfs"] is known


def test_only_hosts_with_such_services_choose(cloud: Cloud, make_cloud: Callable[..., Cloud]) -> None:
    assert told(cloud, ABLE, "ctl2") == {}
    assert told(make_cloud(), ABLE) == {}


def test_they_are_shown_by_host() -> None:
    entry = {"what": "datapath", "chosen": "kernel", "why": "it can", "key": "network.datapath"}
    found = choices_of(Outcome(results={"h": [{"choices": [entry]}, {}]}))
    assert found == [{"host": "h", **entry}]
    assert choices_table(found).row_count == 1


# ---- facts and start scripts, on a made-up host ----

HOSTS: dict[str, dict[str, str]] = {
    "nothing": {},
    "device-alone": {"dev/kvm": "", "proc/cpuinfo": "processor: 0\nflags\t\t: fpu vmxish\n"},
    "intel": {"dev/kvm": "", "proc/cpuinfo": "processor: 0\nflags\t\t: fpu vmx sse\nvmx flags\t: ept\n"},
    "amd-and-loaded": {"dev/kvm": "", "proc/cpuinfo": "x\nflags: svm\n", "sys/module/openvswitch/refcnt": "0"},
    "processor-alone": {"proc/cpuinfo": "x\nflags\t: svm\n"},
    "module-not-loaded": {MODULE: "kernel/net/openvswitch/openvswitch.ko.xz: kernel/net/nsh/nsh.ko.xz\n"},
    "other-modules": {MODULE: "kernel/net/nsh/nsh.ko.xz:\n"},
}


def started(script: str, root: Path, stubs: Sequence[str]) -> str:
    """What a start script says on a made-up host, where programs succeed and ovs-dpctl has the kernel load its module."""
    programs = root / "stubs"
    programs.mkdir(exist_ok=True)
    load = f"#!/bin/sh\ngrep -qs openvswitch.ko {root / MODULE} && mkdir -p {root}/sys/module/openvswitch\nexit 0\n"
    for name in stubs:
        (programs / name).write_text(load if name == "ovs-dpctl" else "#!/bin/sh\nexit 0\n")
        (programs / name).chmod(0o755)
    text = (paths.DOCKER / script).read_text()
    for path in (
        "/dev/kvm",
        "/proc/cpuinfo",
        "/etc/nova/nova.conf",
        "/run/nova/",
        "/var/lib/nova/",
        "/sys/module/",
        "/var/lib/kolla/",
    ):
        text = text.replace(path, f"{root}{path}")
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", text], env=environment, capture_output=True, text=True, check=True)
    return done.stderr


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the made-up hosts have that processor")
@pytest.mark.parametrize("name", HOSTS)
def test_start_scripts_choose_what_is_told(cloud: Cloud, name: str, tmp_path: Path) -> None:
    settings = "DATAPATH=auto\nEXTERNAL_INTERFACE=\nEXTERNAL_GATEWAY=\nCOLUMNS=()\n"
    files = {"var/lib/kolla/config_files/settings": settings, "etc/nova/nova.conf": "", "run/nova/here": ""}
    for path, text in {**files, **HOSTS[name]}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = told(cloud, facts.hardware(str(tmp_path)))
    said = started("nova/files/bin/nova_compute_start", tmp_path, ["nova-compute"])
    assert f"virt_type: {found['virtualisation'][0]}, chosen" in said
    stubs = ["ovs-dpctl", "ovs-vsctl", "ovs-vswitchd", "openvswitch_reopen", "ip"]
    said = started("openvswitch/files/bin/openvswitch_vswitchd", tmp_path, stubs)
    assert f"datapath: {found['datapath'][0]}, chosen" in said
