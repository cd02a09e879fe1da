"""What a program must not be able to do; each test is one attempt, made inside the sandbox."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.pal_hostile import descendants
from shopbot.tools.interpreter import Interpreter, Limits
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.sandbox.wire import NUMBER, REFUSED, pack_reply

FORGED = pack_reply(NUMBER, "31337", "31337", "int")

LOST = ("WorkerLost", "Killed", "Unavailable")

FORBIDDEN = {
    "read a file": "open('/etc/passwd').read()",
    "list a folder": "import os\nos.listdir('/')",
    "read its own memory map": "open('/proc/self/maps').read()",
    "open a socket": "import _socket\n_socket.socket()",
    "make a pipe": "import os\nos.pipe()",
    "fork": "import os\nos.fork()",
    "start a thread": "import threading\nthreading.Thread(target=print).start()",
    "execute": "import os\nos.execv('/bin/true', ['true'])",
    "signal its parent": "import os\nos.kill(os.getppid(), 9)",
    "signal itself": "import os\nos.kill(os.getpid(), 9)",
    "become root": "import os\nos.setuid(0)",
    "change a limit": "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (9, 9))",
    "map executable memory": "import mmap\nmmap.mmap(-1, 4096, prot=7)",
    "duplicate a descriptor": "import os\nos.dup(3)",
    "change the folder": "import os\nos.chdir('/')",
    "rename the host": "import socket\nsocket.sethostname('x')",
}


@pytest.mark.parametrize("attempt", FORBIDDEN)
def test_a_program_cannot(sandbox: Interpreter, attempt: str) -> None:
    error = sandbox.run(FORBIDDEN[attempt]).error
    assert error is not None
    # Python makes a ValueError of the refusal to change a limit
    assert error.kind in ("PermissionError", "RuntimeError", "ModuleNotFoundError", "OSError", "ValueError"), str(error)


def test_a_native_system_call_is_refused_as_well(sandbox: Interpreter) -> None:
    code = (
        "import gc\nlibc = [o for o in gc.get_objects() if type(o).__name__ == 'CDLL'] or "
        "[o for m in __import__('sys').modules.values() for o in vars(m).values() if type(o).__name__ == 'CDLL']\n"
        "ans = [libc[0].syscall(n, 0, 0, 0) for n in (2, 41, 56, 57, 59, 62, 101, 257, 310, 435)]"
    )
    result = sandbox.run(code, "ans")
    assert result.answer == repr([-1] * 10), result.error


def test_the_environment_of_the_host_is_not_there(sandbox: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "secret")
    result = sandbox.run("import os\nans = sorted(os.environ)", "ans")
    assert "SECRET" not in str(result.answer)


def test_a_program_that_does_not_end_is_stopped(sandbox: Interpreter) -> None:
    began = time.monotonic()
    result = sandbox.run(
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass", limits=Limits(seconds=0.5)
    )
    assert result.error is not None and result.error.kind == "Timeout"
    assert time.monotonic() - began < 5


def test_a_program_that_answers_and_goes_on_is_stopped(sandbox: Interpreter) -> None:
    code = f"import os\nos.write(3, {FORGED!r})\nos.close(3)\nwhile True: pass"
    result = sandbox.run(code, limits=Limits(seconds=0.5))
    assert result.error is not None and result.error.kind == "Timeout"


@pytest.mark.parametrize("code", ["x = 'a' * 10**10", "x = []\nwhile True: x.append('a' * 10**6)", "x = bytes(10**10)"])
def test_memory_is_limited(sandbox: Interpreter, code: str) -> None:
    result = sandbox.run(code)
    assert result.error is not None and result.error.kind in ("MemoryError", "Killed")


def test_output_is_limited(sandbox: Interpreter) -> None:
    result = sandbox.run("while True: print('x' * 1000)")
    assert result.error is not None and result.error.kind == "OutputLimit"
    assert len(result.stdout) <= 10_000


def test_a_forged_reply_is_only_a_lie_about_its_own_answer(sandbox: Interpreter) -> None:
    write = f"try: os.write(fd, {FORGED!r})\n    except OSError: pass"
    code = f"import os\nfor fd in range(64):\n    {write}\nos._exit(0)"
    assert sandbox.run(code, "1").answer in (31337, None)
    assert sandbox.run("ans = 5", "ans").answer == 5


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"{}",
        b"\xff" * 17,
        b"X" + pack_reply(NUMBER, "1")[1:],
        pack_reply(NUMBER, "[1]"),
        pack_reply(NUMBER, "NaN"),
        pack_reply(NUMBER, "1e999"),
        pack_reply(NUMBER, "1" * 4400),
        pack_reply(NUMBER, "1") + b"more",
        pack_reply(NUMBER, "1", "abc").replace(b"abc", b"a\xffc"),
        pack_reply(NUMBER, "1", "1", "t" * 101),
    ],
)
def test_a_reply_that_is_none_is_an_error(sandbox: Interpreter, reply: bytes) -> None:
    code = f"import os\nos.write(3, {reply!r})\nos._exit(0)"
    error = sandbox.run(code, "1").error
    assert error is not None and error.kind == "BadReply"


@pytest.mark.parametrize("library", ["os", "numpy"])
def test_a_forged_refusal_is_an_error(interpreter: Interpreter, library: str) -> None:
    code = f"import os, {library}\nos.write(3, {pack_reply(REFUSED, 'more')!r})\nos._exit(0)"
    error = interpreter.run(code, "1").error
    assert error is not None and error.kind == "BadReply"


def test_a_crash_of_the_interpreter_is_an_error(sandbox: Interpreter) -> None:
    code = "def f(): pass\nf.__code__ = f.__code__.replace(co_code=b'd\\xff' * 200 + b'S\\x00', co_stacksize=0)\nf()"
    assert not sandbox.run(code).ok
    assert sandbox.run("ans = 5", "ans").answer == 5


def test_what_a_program_changes_is_gone_with_it(interpreter: Interpreter) -> None:
    interpreter.run("import builtins, decimal, sys\nbuiltins.len = lambda x: 0\nsys.setrecursionlimit(60)\nx = {1}")
    assert interpreter.run("x = {1}\nans = len([1, 2])", "ans").answer == 2


def wait_for_the_end(process: int) -> None:
    """A process that nobody has waited for yet has ended as well."""
    for _ in range(500):
        try:
            if Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                return
        except OSError:
            return
        time.sleep(0.01)
    raise AssertionError(f"process {process} is still there")


def wait_until_confined(process: int) -> None:
    """A child asks to die with its server first of all, and puts its own filter on the server's last."""
    for _ in range(500):
        if "Seccomp_filters:\t2" in Path(f"/proc/{process}/status").read_text(encoding="utf-8"):
            return
        time.sleep(0.01)
    raise AssertionError(f"process {process} has no filter of its own")


def test_a_killed_server_is_replaced_and_its_children_die_with_it(sandbox: Interpreter) -> None:
    sandbox.run("x = 1")
    server = sandbox._sandbox("plain")
    with server.start_child(Limits()) as child:
        process = child.pid
        wait_until_confined(process)
        os.kill(server.process_id, signal.SIGKILL)
        wait_for_the_end(process)
    assert sandbox.run("ans = 5", "ans").answer == 5


@pytest.mark.parametrize("known", [False, True])
def test_what_is_said_to_a_program_that_ends_meanwhile_costs_no_answer(sandbox: Interpreter, *, known: bool) -> None:
    """The server has noticed the end already, or notices it before it reads what the host says."""
    server = sandbox._sandbox("plain")
    deadline = time.monotonic() + 60
    with server.start_child(Limits()) as child:
        assert child.confined(deadline)
        process = child.pid
        if not known:
            os.kill(server.process_id, signal.SIGSTOP)
        _, stopped = child.exchange(Job("ans = 5", "ans").encoded(), deadline)
        wait_for_the_end(process)
        child.lower_priority()
        os.kill(server.process_id, signal.SIGCONT)
        assert (stopped, child.end(deadline, kill=False)[0]) == (None, 0)


@pytest.mark.parametrize("whole", [False, True], ids=["worker", "server"])
@pytest.mark.parametrize("code", ["ans = sum(range(10**5))", "import os\nans = sum(range(10**5))"])
def test_what_is_killed_in_use_costs_answers_at_most(code: str, *, whole: bool) -> None:
    with Interpreter(workers=2) as victim, ThreadPoolExecutor(4) as callers:
        victim.run(code, "ans")
        runs = [callers.submit(victim.run, code, "ans") for _ in range(40)]
        for _ in range(5):
            server = victim._sandbox("plain").process_id
            killed = {server} if whole else descendants(server)
            for process in killed:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.02)
        for result in [run.result() for run in runs]:
            assert result.answer == 4999950000 or (result.error and result.error.kind in LOST)
        assert victim.run(code, "ans").answer == 4999950000


def test_a_killed_worker_of_the_quick_path_costs_no_answer(interpreter: Interpreter) -> None:
    interpreter.run("x = 1")
    assert interpreter._quick
    for child in interpreter._quick._idle:
        os.kill(child.pid, signal.SIGKILL)
    assert interpreter.run("ans = 5", "ans").answer == 5


def test_the_children_die_with_the_interpreter() -> None:
    with Interpreter(quick=False, workers=1) as short:
        short.run("x = 1")
        process = short._sandbox("plain").process_id
    wait_for_the_end(process)


@pytest.mark.parametrize("code", ["while True: pass", "import os\nwhile True: pass"])
def test_a_loop_is_a_timeout_every_time(interpreter: Interpreter, code: str) -> None:
    error = interpreter.run(code, limits=Limits(seconds=1.0)).error
    assert error is not None and error.kind == "Timeout"


def test_the_exit_status_of_a_program_means_nothing(sandbox: Interpreter) -> None:
    error = sandbox.run("import os\nos._exit(97)").error
    assert error is not None and error.kind == "BadReply"


def test_a_plain_program_leaves_nothing_to_the_next(interpreter: Interpreter) -> None:
    interpreter.run("import math\nx = [1]\ndef f(): return x\nlen = 3\nmath = 4")
    result = interpreter.run("ans = x", "ans")
    assert result.error is not None and result.error.kind == "NameError"
    assert interpreter.run("import math\nans = len([math.pi])", "ans").answer == 1
