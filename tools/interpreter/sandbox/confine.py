"""Taking rights away: from the server once, from each child for good before it reads its program.

Layers, each of which has to fail for the next to matter:
    seccomp          the boundary; without it nothing is executed
    resource limits  memory, CPU, descriptors, processes, file size, core dumps; without them nothing is executed
    no capabilities  and no_new_privs; without it nothing is executed
    ordinary user    `nobody` when started as root, where the container has that user
    namespaces       own network, mounts, IPC and host name, and as root directory an empty one that has already been
                     deleted; where the kernel lets an ordinary user, else left out and said so
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import tempfile
from pathlib import Path

from .seccomp import Filter

NOBODY = 65534
REPLY_FD = 3
JOB_FD = 4
DESCRIPTORS = 5
"""0, 1 and 2 are /dev/null, then the reply and the job; no more can be opened."""

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWNET = 0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def confine_server() -> list[str]:
    """Put on what can be put on once for all children; returns the names of the layers that hold."""
    layers = ["seccomp", "resource limits", "no capabilities"]
    if os.getuid() != 0 or _is_mapped(NOBODY):
        layers.append("unprivileged user")
    for name, put_on in (("namespaces", _leave_namespaces), ("empty root directory", _enter_deleted_directory)):
        with contextlib.suppress(OSError):
            put_on()
            layers.append(name)
    return layers


def confine_child(filter: Filter, memory: int, seconds: int) -> None:
    """Take everything from the calling process but computing; there is no way back.

    Args:
        memory: bytes of address space, in all.
        seconds: of CPU time.

    Raises:
        OSError: a layer that must hold does not; the process has to end.
    """
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
    ):
        resource.setrlimit(limit, (value, value))
    if os.getuid() == 0:
        with contextlib.suppress(OSError):
            _become_nobody()
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    _drop_capabilities()
    # only now: a change of credentials makes the kernel forget the first of these
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    filter.install()


def keep_only(reply: int, job: int, null: int) -> None:
    """Close every descriptor but the reply, the job and /dev/null in place of the standard streams."""
    high = [os.dup2(fd, 200 + place) for place, fd in enumerate((null, reply, job))]
    for fd in (0, 1, 2):
        os.dup2(high[0], fd)
    os.dup2(high[1], REPLY_FD)
    os.dup2(high[2], JOB_FD)
    os.closerange(DESCRIPTORS, os.sysconf("SC_OPEN_MAX"))


def _leave_namespaces() -> None:
    own = _NEWNS | _NEWUTS | _NEWIPC | _NEWNET
    if os.getuid() == 0:
        _call("unshare", own)
        return
    user, group = os.getuid(), os.getgid()
    _call("unshare", own | _NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {group} 1")


def _enter_deleted_directory() -> None:
    """Nothing can be created in a directory that no longer has a name."""
    folder = tempfile.mkdtemp(prefix="sandbox-")
    inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        Path(folder).rmdir()
        os.fchdir(inside)
        os.chroot(".")
    finally:
        os.close(inside)


def _become_nobody() -> None:
    """Fails in a container that has no such user, or no right to become another; capabilities are dropped anyway."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _is_mapped(user: int) -> bool:
    """Whether the user exists in this user namespace."""
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(int(first) <= user < int(first) + int(count) for first, _, count in ranges)


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments):
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
