"""Before it serves, each way of running programs has to fail at everything that it must not be able to do.

A canary file, a writable folder and a listening port are planted; the program tries to reach them, and to fork,
execute, signal, map executable memory, exceed its memory and see the host's environment. One success, and the path
is not used.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.result import Result

LIMITS = Limits(seconds=10.0, memory=64 << 20)


class ContainmentFailed(Exception):
    """A program could do what it must not; the message names it."""


@dataclass(frozen=True)
class _Canaries:
    file: Path
    folder: Path
    port: int
    listener: socket.socket

    def touched(self) -> list[str]:
        """What has been reached, seen from outside."""
        found = ["write" for _ in self.folder.iterdir()]
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return found
        connection.close()
        return [*found, "connect"]


_PROGRAM = """
import os, signal, sys
done = []
def attempt(name, action):
    try:
        action()
    except (OSError, MemoryError, RuntimeError, ImportError):
        return
    done.append(name)
def connect():
    import _socket
    _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect(("127.0.0.1", PORT))
def fork():
    if os.fork() == 0:
        os._exit(0)
def map_executable():
    import mmap
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
attempt("read", lambda: os.open(FILE, os.O_RDONLY))
attempt("write", lambda: os.open(FOLDER + "/written", os.O_CREAT | os.O_WRONLY, 0o666))
attempt("list", lambda: os.listdir("/"))
attempt("read /proc", lambda: os.open("/proc/self/environ", os.O_RDONLY))
attempt("delete", lambda: os.unlink(FILE))
attempt("connect", connect)
attempt("fork", fork)
attempt("execute", lambda: os.execv("/bin/true", ["true"]))
attempt("signal", lambda: os.kill(os.getppid() or 1, 0))
attempt("become root", lambda: os.setuid(0))
attempt("pipe", os.pipe)
attempt("executable memory", map_executable)
attempt("exceed memory", lambda: bytearray(1 << 30))
if set(os.environ) - {"LANG", "LC_CTYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}:
    done.append("environment")
for fd in range(4, 64):
    attempt("descriptor", lambda: os.fstat(fd))
"""

_FIRST = """
done = []
try:
    open(FILE).read()
    done.append("read")
except Exception:
    pass
try:
    open(FOLDER + "/written", "w").write("x")
    done.append("write")
except Exception:
    pass
try:
    import os
    if os.environ:
        done.append("environment")
except Exception:
    pass
"""


def check_sandbox(run: Callable[[Job, Limits], Result]) -> None:
    """Let a sandbox prove that it contains.

    Raises:
        ContainmentFailed: it does not.
    """
    _check(run, _PROGRAM)


def check_monty(run: Callable[[Job, Limits], Result]) -> None:
    """Let monty prove that it contains.

    Raises:
        ContainmentFailed: it does not.
    """
    _check(run, _FIRST)


def _check(run: Callable[[Job, Limits], Result], program: str) -> None:
    with _planted() as canaries:
        inputs = {"FILE": str(canaries.file), "FOLDER": str(canaries.folder), "PORT": canaries.port}
        result = run(Job(program, "repr(done)", inputs), LIMITS)
        touched = canaries.touched()
    if touched or result.error or result.answer != repr("[]"):
        what = ", ".join(touched) or str(result.error or result.text)
        raise ContainmentFailed(f"programs cannot be contained here: a test program succeeded or broke at {what}")


@contextmanager
def _planted() -> Iterator[_Canaries]:
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        base = Path(name)
        base.chmod(0o755)
        (base / "canary").write_text("canary")
        (base / "folder").mkdir()
        os.chmod(base / "folder", 0o777)  # noqa: S103, PTH101 -- anybody may write there: that is the test
        yield _Canaries(base / "canary", base / "folder", listener.getsockname()[1], listener)
