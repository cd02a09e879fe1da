"""The host's side of one fork server: start it, hand it programs, take back replies that may be anything."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from shopbot.errors import AgentError
from shopbot.tools.interpreter.child import Child, Lost
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.reply import BadReply, parse_reply, refusal_in
from shopbot.tools.interpreter.result import Failure, Result
from shopbot.tools.interpreter.sandbox.wire import READY

Libraries = Literal["plain", "scientific"]

SERVER = Path(__file__).parent / "sandbox" / "__main__.py"
_ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""All of it: no variable of the host reaches the process that runs programs."""
_START_SECONDS = 60.0
_CONFINE_SECONDS = 10.0


class SandboxUnavailable(AgentError):
    """Programs cannot be contained here; the message says why."""


class NeedsLibraries(Exception):
    """The program imports what is loaded in another sandbox; the message names it."""


class NotStarted(Exception):
    """The program was not run: its process was lost, or did not confine itself, before it was given to it."""


class MovedAside(Exception):
    """The program ran long while too many others did; it has to start anew among the long ones."""


class Sandbox:
    """One server with the processes that it forks, for any number of threads.

    Raises:
        SandboxUnavailable: the server does not start.
    """

    def __init__(self, libraries: Libraries = "plain") -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._spare: tuple[Limits, Child] | None = None
        self.layers: tuple[str, ...] = ()
        """What contains its children, as the self-test saw it."""
        with theirs:
            try:
                self._process = _start(theirs.fileno(), libraries)
            except OSError as error:
                self._control.close()
                raise SandboxUnavailable(f"the process that runs programs does not start ({error})") from None
        self._greet()

    @property
    def alive(self) -> bool:
        """Whether it can take another program."""
        return self._process.poll() is None

    @property
    def process_id(self) -> int:
        """Of the server."""
        return self._process.pid

    def start_child(self, limits: Limits, *, sequence: bool = False) -> Child:
        """A process that confines itself and waits for its program, or for one plain program after another.

        Raises:
            Lost: there is no server any more.
        """
        return Child(self._control, limits, sequence=sequence)

    def run(
        self,
        job: Job,
        limits: Limits,
        seconds: float | None = None,
        aside: tuple[float, Callable[[], bool]] | None = None,
    ) -> Result:
        """Run one program; every outcome is a result.

        Args:
            seconds: what is left of the time that `limits` name.
            aside: after so many seconds, ask whether the program may go on, then with the lowest priority.

        Raises:
            MovedAside: it may not.
            NeedsLibraries: it is for the other sandbox.
            NotStarted: it can be tried again.
        """
        with self._confined_child(limits) as child:
            try:
                result = _run(child, job, limits, seconds or limits.seconds, aside)
            except (OSError, Lost) as error:
                result = failed("WorkerLost", f"the process that ran the program was lost ({type(error).__name__})")
        self._prepare_spare(limits)
        return result

    def close(self) -> None:
        """End the server and what it runs."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare:
            spare[1].close()
        self._control.close()
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _greet(self) -> None:
        self._control.settimeout(_START_SECONDS)
        message = b""
        with contextlib.suppress(OSError):
            message = self._control.recv(len(READY))
        if message != READY:
            self.close()
            raise SandboxUnavailable("the process that runs programs does not start, or cannot confine itself")

    def _confined_child(self, limits: Limits) -> Child:
        try:
            child = self._take_spare(limits) or self.start_child(limits)
        except (OSError, Lost):
            raise NotStarted from None
        if not child.confined(time.monotonic() + _CONFINE_SECONDS):
            child.close()
            raise NotStarted
        return child

    def _take_spare(self, limits: Limits) -> Child | None:
        """A child that was made beforehand, when it has these limits."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is None:
            return None
        if spare[0] == limits and spare[1].alive:
            return spare[1]
        spare[1].close()
        return None

    def _prepare_spare(self, limits: Limits) -> None:
        with self._lock, contextlib.suppress(OSError, Lost):
            if self._spare is None and self.alive:
                self._spare = (limits, self.start_child(limits))


def _start(control: int, libraries: Libraries) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 -- our own interpreter and our own file
        [sys.executable, "-I", "-B", str(SERVER), str(control), libraries],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
        pass_fds=[control],
        start_new_session=True,
    )


def _run(
    child: Child, job: Job, limits: Limits, seconds: float, aside: tuple[float, Callable[[], bool]] | None
) -> Result:
    deadline = time.monotonic() + seconds
    data, stopped = child.exchange(job.encoded(), deadline, aside)
    if stopped == "aside":
        raise MovedAside
    status, cpu = child.end(deadline, kill=stopped is not None)
    if stopped == "output":
        return failed("OutputLimit", f"more than {limits.output} bytes came back")
    if status is None or stopped == "time" or (os.WIFSIGNALED(status) and _ran_long(status, cpu, limits)):
        return failed("Timeout", f"the program did not end within {limits.seconds:g} s")
    return _outcome(data, status, limits)


def _ran_long(status: int, cpu: float, limits: Limits) -> bool:
    return os.WTERMSIG(status) == signal.SIGXCPU or (os.WTERMSIG(status) == signal.SIGKILL and cpu >= limits.seconds)


def _outcome(data: bytes, status: int, limits: Limits) -> Result:
    """A reply counts only from a child that ended by itself."""
    if os.WIFSIGNALED(status):
        return failed("Killed", _reason(os.WTERMSIG(status)))
    try:
        if needed := refusal_in(data):
            raise NeedsLibraries(needed)
        return replace(parse_reply(data, limits.output), path="cpython")
    except BadReply as error:
        return failed("BadReply", str(error))


def _reason(number: int) -> str:
    if number == signal.SIGKILL:
        return "the program used too much memory"
    try:
        return f"the interpreter crashed ({signal.Signals(number).name})"
    except ValueError:
        return f"the interpreter crashed (signal {number})"


def failed(kind: str, message: str) -> Result:
    """A result that is a failure on this side of the boundary."""
    return Result(error=Failure(kind, message), path="cpython")
