"""The host's side of one fork server: start it, hand it programs, take back replies that may be anything."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

from shopbot.errors import AgentError
from shopbot.tools.interpreter.exchange import Pipe, exchange
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.reply import BadReply, parse_reply
from shopbot.tools.interpreter.result import Failure, Result
from shopbot.tools.interpreter.sandbox.wire import JOB, KILL, MAX_MESSAGE, READY, REFUSED, STATUS, reply_limit

Libraries = Literal["plain", "scientific"]

_SERVER = Path(__file__).parent / "sandbox" / "__main__.py"
_ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""All of it: no variable of the host reaches the process that runs programs."""
_START_SECONDS = 60.0
_KILL_SECONDS = 5.0


class SandboxUnavailable(AgentError):
    """Programs cannot be contained here; the message says why."""


class Sandbox:
    """One server, for one thread at a time: a pool lends it out.

    Raises:
        SandboxUnavailable: the server does not start.
    """

    def __init__(self, libraries: Libraries = "plain") -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = _start(theirs.fileno(), libraries)
            except OSError as error:
                self._control.close()
                raise SandboxUnavailable(f"the process that runs programs does not start ({error})") from None
        self.layers = self._greeting()

    @property
    def alive(self) -> bool:
        """Whether it can take another program."""
        return self._process.poll() is None

    @property
    def process_id(self) -> int:
        """Of the server."""
        return self._process.pid

    def run(self, job: Job, limits: Limits) -> Result:
        """Run one program; every outcome is a result. When the server itself was lost, `alive` is false after it."""
        try:
            return self._run(job, limits)
        except OSError as error:
            self.close()
            return _failed("WorkerLost", f"the process that ran the program was lost ({type(error).__name__})")
        except BaseException:
            self.close()  # in the middle of an exchange nobody knows where the server stands
            raise

    def close(self) -> None:
        """End the server and what it runs."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._control.close()

    def _greeting(self) -> tuple[str, ...]:
        self._control.settimeout(_START_SECONDS)
        message = b""
        with contextlib.suppress(OSError):
            message = self._control.recv(MAX_MESSAGE)
        if not message.startswith(READY):
            self.close()
            raise SandboxUnavailable("the process that runs programs does not start")
        return tuple(message[len(READY) :].decode().split(","))

    def _run(self, job: Job, limits: Limits) -> Result:
        deadline = time.monotonic() + limits.seconds
        with Pipe() as program, Pipe() as reply:
            header = JOB.pack(limits.memory, int(limits.seconds) + 1, limits.output)
            socket.send_fds(self._control, [header], [program.read_end, reply.write_end])
            program.close(program.read_end)
            reply.close(reply.write_end)
            data, stopped = exchange(job.encoded(), program, reply, reply_limit(limits.output), deadline)
        stopped = stopped or self._still_running(deadline)
        status = self._status(kill=stopped is not None)
        if stopped == "Timeout":
            return _failed("Timeout", f"the program did not end within {limits.seconds:g} s")
        if stopped:
            return _failed("OutputLimit", f"more than {limits.output} bytes came back")
        return _outcome(data, status, limits)

    def _still_running(self, deadline: float) -> str | None:
        """A program may close its reply and go on: it has until the deadline."""
        waiting = select.poll()
        waiting.register(self._control, select.POLLIN)
        return None if waiting.poll(max(50.0, (deadline - time.monotonic()) * 1000)) else "Timeout"

    def _status(self, kill: bool) -> int:
        """The child's wait status.

        Raises:
            OSError: the server is gone, or does not answer.
        """
        self._control.settimeout(_KILL_SECONDS)
        if kill:
            self._control.send(KILL)
        message = self._control.recv(MAX_MESSAGE)
        if len(message) != STATUS.size:
            raise ConnectionError("the server has ended")
        status: int = STATUS.unpack(message)[0]
        return status


def _start(control: int, libraries: Libraries) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 -- our own interpreter and our own file
        [sys.executable, "-I", "-B", str(_SERVER), str(control), libraries],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
        pass_fds=[control],
        start_new_session=True,
    )


def _outcome(data: bytes, status: int, limits: Limits) -> Result:
    """A reply counts only from a child that ended by itself."""
    if os.WIFSIGNALED(status):
        return _failed("Killed", _reason(os.WTERMSIG(status), limits))
    if os.WEXITSTATUS(status) == REFUSED:
        return _failed("Unavailable", "the program was not run because its process could not be confined")
    try:
        return parse_reply(data, limits.output)
    except BadReply as error:
        return _failed("BadReply", str(error))


def _reason(number: int, limits: Limits) -> str:
    if number in (signal.SIGXCPU, signal.SIGKILL):
        return f"the program used more than {limits.seconds:g} s or too much memory"
    try:
        return f"the interpreter crashed ({signal.Signals(number).name})"
    except ValueError:
        return f"the interpreter crashed (signal {number})"


def _failed(kind: str, message: str) -> Result:
    return Result(error=Failure(kind, message), path="fallback")
