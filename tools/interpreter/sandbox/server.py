"""The fork server: one job at a time, one confined child for each, and it never sees a program itself."""

from __future__ import annotations

import array
import gc
import os
import select
import signal
import socket
from pathlib import Path

from .confine import confine_child, confine_server, keep_only
from .preload import preload
from .program import run_job
from .seccomp import Filter
from .wire import JOB, MAX_MESSAGE, READY, REFUSED, STATUS


def serve(control_fd: int, libraries: str) -> None:
    """Serve jobs until the host closes the control socket; does not return."""
    preload(libraries)
    filter = Filter()
    null = os.open("/dev/null", os.O_RDWR)
    own_memory = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    layers = confine_server()
    gc.collect()
    gc.freeze()  # the children then do not copy pages only to collect garbage
    with socket.socket(fileno=control_fd) as control:
        control.send(READY + ",".join(layers).encode())
        while job := _receive(control):
            limits, fds = job
            if len(fds) == 2:
                _run(control, limits, fds, null, own_memory, filter)
    os._exit(0)


def _receive(control: socket.socket) -> tuple[bytes, list[int]] | None:
    """The next message; None when the host is gone. A late KILL has no descriptors."""
    fds = array.array("i")
    message, ancillary, _, _ = control.recvmsg(MAX_MESSAGE, socket.CMSG_SPACE(2 * fds.itemsize))
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return (message, list(fds)) if message else None


def _run(control: socket.socket, limits: bytes, fds: list[int], null: int, own_memory: int, filter: Filter) -> None:
    memory, seconds, output = JOB.unpack(limits)
    child = os.fork()
    if child == 0:
        try:
            job, reply = fds
            keep_only(reply=reply, job=job, null=null)
            confine_child(filter, own_memory + memory, seconds)
            run_job(output)
            os._exit(0)
        finally:
            os._exit(REFUSED)
    for fd in fds:
        os.close(fd)
    status, peak = _wait(child, control)
    control.send(STATUS.pack(status, peak))


def _wait(child: int, control: socket.socket) -> tuple[int, int]:
    """Wait for the child to end; whatever the host says meanwhile, or its end, is the child's end."""
    watched = os.pidfd_open(child)
    try:
        ready, _, _ = select.select([watched, control.fileno()], [], [])
        if watched not in ready:
            gone = not control.recv(MAX_MESSAGE)
            os.kill(child, signal.SIGKILL)
            if gone:
                os._exit(0)
    finally:
        os.close(watched)
    _, status, usage = os.wait4(child, 0)
    return status, usage.ru_maxrss
