"""Before it serves, each way of running programs has to show that it contains.

Of CPython's processes the kernel tells which layers hold (`observed.py`), and a program inside tries every system
call that it must not have, executable memory, memory beyond its limit, other descriptors and the environment; a
canary file, a writable folder and a listening port are planted besides. One thing missing or one success, and the path
is not used.
"""

from __future__ import annotations

import os
import platform
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shopbot.tools.interpreter.child import Child, Lost
from shopbot.tools.interpreter.cpython import Sandbox
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.observed import layers
from shopbot.tools.interpreter.reply import BadReply, parse_reply
from shopbot.tools.interpreter.result import Result

LIMITS = Limits(seconds=10.0, memory=64 << 20)

_PERMITTED = {
    "x86_64": "0 1 3 5 8 9 10 11 12 13 14 15 24 25 28 35 39 60 96 98 100 131 186 201 202 219 228 229 230 231 318",
    "aarch64": "57 62 63 64 80 93 94 98 101 113 114 115 124 128 132 134 135 139 153 165 169 172 178 214 215 216 222 "
    "226 233 278",
}
"""The system calls that may remain, written down a second time, so that a slip in `sandbox/syscalls.py` shows."""

_CLONE = {"x86_64": 56, "aarch64": 220}
_UNFILTERED = {"x86_64": [335, 336], "aarch64": []}
"""uretprobe and uprobe: no filter sees them, and outside the kernel's own trampolines they kill the caller."""


class ContainmentFailed(Exception):
    """A program could do what it must not, or a layer is missing; the message names it."""


@dataclass(frozen=True)
class _Canaries:
    file: Path
    folder: Path
    port: int
    listener: socket.socket

    def inputs(self) -> dict[str, object]:
        return {"FILE": str(self.file), "FOLDER": str(self.folder), "PORT": self.port}

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
import ctypes, os
done = []
def attempt(name, action):
    try:
        action()
    except (OSError, MemoryError):
        return
    done.append(name)
def connect():
    import _socket
    _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect(("127.0.0.1", PORT))
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype, libc.mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t] + 4 * [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
def map_memory(protection):
    address = libc.mmap(None, 4096, protection, 0x22, -1, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError
    return address
def make_executable():
    if libc.mprotect(map_memory(3), 4096, 7):
        raise OSError
attempt("read", lambda: os.open(FILE, os.O_RDONLY))
attempt("write", lambda: os.open(FOLDER + "/written", os.O_CREAT | os.O_WRONLY, 0o666))
attempt("connect", connect)
attempt("executable memory", lambda: map_memory(7))
attempt("executable memory", make_executable)
attempt("exceed memory", lambda: bytearray(1 << 30))
if set(os.environ) - {"LANG", "LC_CTYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}:
    done.append("environment")
for fd in range(5, 300):
    try:
        os.lseek(fd, 0, os.SEEK_CUR)
        done.append("descriptor")
    except OSError as error:
        if error.errno != 9:
            done.append("descriptor")
# Arguments that no call can use: what answers anything but "not permitted" is not stopped by the filter.
minus = ctypes.c_long(-1)
for number in range(480):
    if number not in PERMITTED and number not in UNFILTERED:
        returned = libc.syscall(ctypes.c_long(number), minus, minus, minus, minus, minus, minus)
        if returned != -1 or ctypes.get_errno() != 1:
            done.append(f"system call {number}")
# The server's filter lets forks through and looks at their flags: these are contradictory, and nothing else.
if libc.syscall(ctypes.c_long(CLONE), ctypes.c_long(0x800), 0, 0, 0, 0) != -1 or ctypes.get_errno() != 1:
    done.append("new process")
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


def check_sandbox(sandbox: Sandbox) -> tuple[str, ...]:
    """Let a sandbox prove that it contains; returns the names of the layers that were seen to hold.

    Raises:
        ContainmentFailed: it does not.
    """
    try:
        with _planted() as canaries, sandbox.start_child(LIMITS) as child:
            if not child.confined(time.monotonic() + LIMITS.seconds):
                raise ContainmentFailed("programs cannot be contained here: a process cannot be confined")
            holding, missing = layers(sandbox.process_id, child.pid)
            if missing:
                raise ContainmentFailed(f"programs cannot be contained here: missing {', '.join(missing)}")
            _judge(_try_everything(child, canaries), canaries)
    except (OSError, Lost, TimeoutError) as error:
        raise ContainmentFailed(f"programs cannot be contained here: the test broke ({type(error).__name__})") from None
    return tuple(holding)


def check_monty(run: Callable[[Job, Limits], Result]) -> None:
    """Let monty prove that it contains.

    Raises:
        ContainmentFailed: it does not.
    """
    with _planted() as canaries:
        _judge(run(Job(_FIRST, "repr(done)", canaries.inputs()), LIMITS), canaries)


def _try_everything(child: Child, canaries: _Canaries) -> Result:
    machine = platform.machine()
    permitted = [int(number) for number in _PERMITTED[machine].split()]
    inputs = {**canaries.inputs(), "PERMITTED": permitted, "UNFILTERED": _UNFILTERED[machine], "CLONE": _CLONE[machine]}
    job = Job(_PROGRAM, "repr(done)", inputs)
    data, stopped = child.exchange(job.encoded(), time.monotonic() + LIMITS.seconds)
    try:
        return parse_reply(data, LIMITS.output)
    except BadReply as error:
        raise ContainmentFailed(f"programs cannot be contained here: the test broke ({stopped or error})") from None


def _judge(result: Result, canaries: _Canaries) -> None:
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
