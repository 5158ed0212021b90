"""What prechecks and plans need to know of a host."""

from __future__ import annotations

import os

from ansible_collections.kolla_lite.core.plugins.module_utils import engine

LISTEN = "0A"  # state TCP_LISTEN in /proc/net/tcp, Linux include/net/tcp_states.h


def observe():
    """Distribution, memory and disk in MiB, processors, who listens on which TCP port, and what `hardware` finds."""
    disk = os.statvfs(next(path for path in ("/var/lib/docker", "/var/lib", "/") if os.path.isdir(path)))
    return {
        "distribution": engine.distribution(),
        "memory_mb": _memory_mb(),
        "disk_free_mb": disk.f_bavail * disk.f_frsize // 2**20,
        "processors": os.cpu_count(),
        "listening": _listening(),
        **hardware(),
    }


def hardware(root="/"):
    """What start scripts choose by: the machine, the processor's `vmx` or `svm`, and whether there is /dev/kvm,
    and Open vSwitch's module or NFS, loaded or to be had."""
    kernel = os.uname().release
    modules = _read(os.path.join(root, "lib/modules", kernel, "modules.dep"))
    words = _read(os.path.join(root, "proc/cpuinfo")).partition("\nflags")[2].partition("\n")[0].split()
    return {
        "machine": os.uname().machine,
        "virtualisation": next((word for word in words if word in ("vmx", "svm")), ""),
        "kvm": os.path.exists(os.path.join(root, "dev/kvm")),
        "openvswitch": os.path.isdir(os.path.join(root, "sys/module/openvswitch")) or "/openvswitch.ko" in modules,
        "nfs": "\tnfs4\n" in _read(os.path.join(root, "proc/filesystems")) or "/nfsv4.ko" in modules,
    }


def _memory_mb():
    with open("/proc/meminfo") as stream:
        values = dict(line.split(":") for line in stream)
    return int(values["MemAvailable"].split()[0]) // 1024


def _listening():
    """Listening sockets: [{port, address (hex as the kernel prints it), process, container}]."""
    sockets = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not os.path.exists(table):
            continue
        with open(table) as stream:
            next(stream)
            for line in stream:
                fields = line.split()
                if fields[3] == LISTEN:
                    address, port = fields[1].split(":")
                    sockets[fields[9]] = {"port": int(port, 16), "address": address, "process": "", "container": ""}
    for inode, process, container in _owners(set(sockets)):
        sockets[inode].update(process=process, container=container)
    return list(sockets.values())


def _owners(inodes):
    """Who holds sockets: (inode, process name, id of the container it runs in or "")."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            descriptors = os.listdir("/proc/{0}/fd".format(pid))
        except OSError:  # gone, or not ours to see
            continue
        for link in {_link("/proc/{0}/fd/{1}".format(pid, number)) for number in descriptors}:
            if link.startswith("socket:[") and link[8:-1] in inodes:
                yield link[8:-1], _read("/proc/{0}/comm".format(pid)).strip(), _container(pid)


def _container(pid):
    for part in (
        _read("/proc/{0}/cgroup".format(pid))
        .replace("\n", "/")
        .replace("docker-", "/")
        .replace(".scope", "/")
        .split("/")
    ):
        if len(part) == 64:
            return part
    return ""


def _link(path):
    try:
        return os.readlink(path)
    except OSError:  # a busy process has closed it by now
        return ""


def _read(path):
    try:
        with open(path) as stream:
            return stream.read()
    except OSError:
        return ""
