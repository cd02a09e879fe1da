"""Taking rights away: most from the server once, the rest from each child for good before it reads its program.

Layers, each of which has to fail for the next to matter; the host looks at all of them from outside (`observed.py`):
    seccomp          one filter for the server, a far narrower one on top of it for each child
    resource limits  memory, CPU, descriptors, processes, file size, core dumps
    no capabilities  none in any set, and no_new_privs
    ordinary user    `nobody` when started as root, where the container has that user
    namespaces       own network, mounts, IPC and host name, and as root directory an empty one that has already been
                     deleted; where the kernel lets an ordinary user, else left out
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
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def confine_server(filter: Filter) -> None:
    """Put on what can be put on once for all children.

    Raises:
        OSError: a layer that must hold does not; the process has to end.
    """
    for put_on in (_leave_namespaces, _enter_deleted_directory):
        with contextlib.suppress(OSError):
            put_on()
    _drop_bounding_set()
    if os.getuid() == 0:
        with contextlib.suppress(OSError):
            _become_nobody()
    _drop_capabilities()
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    filter.install()


def confine_child(filter: Filter, memory: int, seconds: int) -> None:
    """Take everything from the calling process but computing; there is no way back.

    Args:
        memory: bytes of address space, in all.
        seconds: of CPU time.

    Raises:
        OSError: a layer that must hold does not; the process has to end.
    """
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (value, value))
    # with one second between them, a program that exceeds the first is known to have run too long
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
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
    """Fails in a container that has no such user, or no right to become another; the host then says so."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _drop_bounding_set() -> None:
    """Until the kernel knows no further capability, or there is no right to drop any."""
    for number in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0):
            return


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments):
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
