"""The fork server: confined children on request, any number at a time; it never sees a program itself."""

from __future__ import annotations

import array
import contextlib
import gc
import os
import select
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from .confine import confine_child, confine_server, keep_only
from .preload import preload
from .program import run_job
from .seccomp import Filter, filters
from .sequence import serve_sequence
from .wire import ASIDE, MAX_MESSAGE, PID, READY, START, STATUS

_LOWEST_PRIORITY = 19


@dataclass
class _Child:
    pid: int
    lifeline: int


def serve(control_fd: int, libraries: str) -> None:
    """Serve until the host closes the control socket; does not return."""
    preload(libraries)
    own, childrens = filters()
    null = os.open("/dev/null", os.O_RDWR)
    own_memory = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    control = socket.socket(fileno=control_fd)
    confine_server(own)
    gc.collect()
    gc.freeze()  # the children then do not copy pages only to collect garbage
    control.send(READY)
    _Server(control, null, own_memory, childrens).loop()


class _Server:
    def __init__(self, control: socket.socket, null: int, own_memory: int, filter: Filter) -> None:
        self._control = control
        self._null = null
        self._own_memory = own_memory
        self._filter = filter
        self._children: dict[int, _Child] = {}
        """By the descriptor that tells of their end."""
        self._lifelines: dict[int, int] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def loop(self) -> None:
        while True:
            ready = [fd for fd, _ in self._poll.poll()]
            for fd in ready:
                if fd in self._children:
                    self._ended(fd)
                elif fd in self._lifelines:
                    self._told(fd)
            if self._control.fileno() in ready:
                self._receive()  # last, because new descriptors take the numbers of those just closed

    def _receive(self) -> None:
        """Start a child; end with the host."""
        fds = array.array("i")
        message, ancillary, _, _ = self._control.recvmsg(MAX_MESSAGE, socket.CMSG_SPACE(3 * fds.itemsize))
        if not message:
            os._exit(0)  # the children die with their parent
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        if len(fds) == 3:
            self._start(message, *fds)

    def _start(self, message: bytes, job: int, reply: int, lifeline: int) -> None:
        sequence, memory, seconds, output = START.unpack(message)
        try:
            pid = os.fork()
        except OSError:  # no memory or no process left; the host sees the lifeline close
            for fd in (job, reply, lifeline):
                os.close(fd)
            return
        if pid == 0:
            try:
                keep_only(reply=reply, job=job, null=self._null)
                confine_child(self._filter, self._own_memory + memory, seconds)
                serve_sequence() if sequence else run_job(output)
            finally:
                os._exit(0)
        os.close(job)
        os.close(reply)
        watched = os.pidfd_open(pid)
        self._children[watched] = _Child(pid, lifeline)
        self._lifelines[lifeline] = watched
        self._poll.register(watched, select.POLLIN)
        self._poll.register(lifeline, select.POLLIN)
        _tell(lifeline, PID.pack(pid))

    def _ended(self, watched: int) -> None:
        child = self._children.pop(watched)
        _, status, usage = os.wait4(child.pid, 0)
        _tell(child.lifeline, STATUS.pack(status, int((usage.ru_utime + usage.ru_stime) * 1000)))
        if child.lifeline in self._lifelines:
            self._forget(child.lifeline)
        self._poll.unregister(watched)
        os.close(watched)
        os.close(child.lifeline)

    def _told(self, lifeline: int) -> None:
        """What the host says about a child: to leave the processors to others that want them, or to end."""
        pid = self._children[self._lifelines[lifeline]].pid
        message = b""
        with contextlib.suppress(OSError):  # the host may have gone without reading what it was told
            message = os.read(lifeline, MAX_MESSAGE)
        if message == ASIDE:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, pid, _LOWEST_PRIORITY)
            return
        os.kill(pid, signal.SIGKILL)
        self._forget(lifeline)

    def _forget(self, lifeline: int) -> None:
        del self._lifelines[lifeline]
        self._poll.unregister(lifeline)


def _tell(lifeline: int, message: bytes) -> None:
    """Tell the host, which may not be interested any more."""
    with contextlib.suppress(OSError):
        os.write(lifeline, message)
