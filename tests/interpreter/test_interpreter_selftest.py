"""The self-test notices each layer that is missing, and an interpreter then does not serve."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shopbot.tools.interpreter import Interpreter, Limits, Result, SandboxUnavailable, cpython
from shopbot.tools.interpreter.cpython import Sandbox
from shopbot.tools.interpreter.interpreter import platform_refusal
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.selftest import ContainmentFailed, check_monty, check_sandbox

pytestmark = pytest.mark.skipif(platform_refusal() is not None, reason=str(platform_refusal()))

ORIGINAL = cpython.SERVER.parent
ALLOWED = '    allowed={\n        "read": 0,'
SABOTAGE = {
    "the children's filter": ("confine.py", "seconds + 1))\n    filter.install()", "seconds + 1))", "seccomp"),
    "the server's filter": ("confine.py", "1, 0, 0, 0)\n    filter.install()", "1, 0, 0, 0)", "seccomp of the server"),
    "the memory limit": ("confine.py", "(resource.RLIMIT_AS, memory),", "", "memory limit"),
    "the CPU limit": ("confine.py", "(seconds, seconds + 1)", "(-1, -1)", "CPU time limit"),
    "the file size limit": ("confine.py", "(resource.RLIMIT_FSIZE, 0),", "", "file size limit"),
    "the process limit": ("confine.py", "(resource.RLIMIT_NPROC, 0),", "", "process limit"),
    "the descriptor limit": ("confine.py", "(resource.RLIMIT_NOFILE, DESCRIPTORS),", "", "descriptor limit"),
    "the core dump limit": (
        "confine.py",
        "(resource.RLIMIT_CORE, 0),",
        "(resource.RLIMIT_CORE, 1),",
        "core dump limit",
    ),
    "the locked memory limit": ("confine.py", "(resource.RLIMIT_MEMLOCK, 0),", "", "locked memory limit"),
    "the closed descriptors": ("confine.py", "    os.closerange(", "    print(", "descriptor"),
    "executable memory": ("seccomp.py", "PROT_EXEC = 4", "PROT_EXEC = 0", "executable memory"),
    "files": ("syscalls.py", ALLOWED, ALLOWED + '"openat": 257,', "system call 257"),
    "network": ("syscalls.py", ALLOWED, ALLOWED + '"socket": 41,', "system call 41"),
    "new processes": ("syscalls.py", ALLOWED, ALLOWED + '"clone": 56,', "new process"),
    "other programs": ("syscalls.py", ALLOWED, ALLOWED + '"execve": 59,', "system call 59"),
    "signals": ("syscalls.py", ALLOWED, ALLOWED + '"kill": 62,', "system call 62"),
    "tracing": ("syscalls.py", ALLOWED, ALLOWED + '"ptrace": 101,', "system call 101"),
    "namespaces": ("syscalls.py", ALLOWED, ALLOWED + '"unshare": 272,', "system call 272"),
    "io_uring": ("syscalls.py", ALLOWED, ALLOWED + '"io_uring_setup": 425,', "system call 425"),
    "limits": ("syscalls.py", ALLOWED, ALLOWED + '"prlimit64": 302,', "system call 302"),
}
"""What is taken away: in which file, which text, what instead, and what the self-test says."""
AS_ROOT = {
    "the ordinary user": ("confine.py", "    os.setresuid(NOBODY, NOBODY, NOBODY)", "", "unprivileged user"),
    "the ordinary group": ("confine.py", "    os.setresgid(NOBODY, NOBODY, NOBODY)", "", "unprivileged user"),
    "the bounding set": ("confine.py", "    _drop_bounding_set()\n    if", "    if", "no capabilities"),
    "the dropped capabilities": (
        "confine.py",
        "            _become_nobody()\n    _drop_capabilities()",
        "            os.setresgid(NOBODY, NOBODY, NOBODY)",
        "no capabilities",
    ),
}


def start_with(folder: Path, file: str, text: str, instead: str) -> Sandbox:
    shutil.copytree(ORIGINAL, folder / "sandbox")
    edited = folder / "sandbox" / file
    source = edited.read_text()
    assert text in source, f"{file} no longer has {text!r}"
    edited.write_text(source.replace(text, instead))
    return Sandbox()


@pytest.mark.parametrize("layer", [*SABOTAGE, *AS_ROOT])
def test_each_missing_layer_is_noticed(layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if layer in AS_ROOT and os.getuid():
        pytest.skip("only root has it to give up")
    file, text, instead, says = {**SABOTAGE, **AS_ROOT}[layer]
    if file == "syscalls.py" and platform.machine() != "x86_64":
        pytest.skip("numbers of x86-64")
    monkeypatch.setattr(cpython, "SERVER", tmp_path / "sandbox" / "__main__.py")
    sandbox = start_with(tmp_path, file, text, instead)
    try:
        with pytest.raises(ContainmentFailed, match=says):
            check_sandbox(sandbox)
    finally:
        sandbox.close()


@pytest.mark.parametrize(
    ("put_on", "layer"), [("_leave_namespaces", "namespaces"), ("_enter_deleted_directory", "empty root directory")]
)
def test_a_layer_that_may_be_missing_is_not_told_when_it_is(
    put_on: str, layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpython, "SERVER", tmp_path / "sandbox" / "__main__.py")
    sandbox = start_with(tmp_path, "confine.py", f"def {put_on}() -> None:", f"def {put_on}() -> None:\n    return")
    try:
        assert layer not in check_sandbox(sandbox)
    finally:
        sandbox.close()


def test_the_environment_of_the_host_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cpython._ENVIRONMENT, "A_SECRET", "secret")
    sandbox = Sandbox()
    try:
        with pytest.raises(ContainmentFailed, match="environment"):
            check_sandbox(sandbox)
    finally:
        sandbox.close()


def test_without_no_new_privileges_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpython, "SERVER", tmp_path / "sandbox" / "__main__.py")
    with pytest.raises(SandboxUnavailable):
        start_with(tmp_path, "confine.py", '_call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)', "")


def test_the_whole_of_it_passes_and_is_told() -> None:
    sandbox = Sandbox()
    try:
        assert {"seccomp", "no capabilities", "memory limit", "CPU time limit"} <= set(check_sandbox(sandbox))
    finally:
        sandbox.close()


def uncontained(job: Job, limits: Limits) -> Result:
    """An ordinary process: it can do everything."""
    header = f"import json\nglobals().update(json.loads({json.dumps(dict(job.inputs))!r}))\n"
    done = subprocess.run(
        [sys.executable, "-c", header + job.code + f"\nprint({job.entry})"], capture_output=True, text=True, check=False
    )
    return Result(answer=done.stdout.strip(), text=done.stdout.strip())


def test_monty_would_be_noticed_in_an_ordinary_process() -> None:
    with pytest.raises(ContainmentFailed, match="write"):
        check_monty(uncontained)


def test_what_does_not_contain_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ContainmentFailed("programs cannot be contained here")

    monkeypatch.setattr("shopbot.tools.interpreter.interpreter.check_sandbox", fail)
    with Interpreter(monty=False) as refusing:
        result = refusing.run("x = 1")
        with pytest.raises(SandboxUnavailable):
            refusing.layers()
    assert result.error is not None and result.error.kind == "Unavailable"
