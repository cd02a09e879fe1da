"""Executing one program inside the boundary, and the reply about it.

A job is JSON: {"code", "entry", "inputs"}; the form of a reply is in `wire`.

The program can write a reply of its own instead: it may lie about its answer, and no more than that.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import sys
import types
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import CodeType
from typing import Any

from .answer import describe
from .confine import JOB_FD, REPLY_FD
from .preload import tell_of_absent
from .wire import CONFINED, FAILED, NOTHING, NUMBER, REFUSED, TEXT, pack_reply

PROGRAM, ENTRY = "<program>", "<answer>"
MAX_MESSAGE = 500
_RECURSION = sys.getrecursionlimit()


Reply = tuple[bytes, str, str, str]
"""What `wire.REPLY` describes, but the standard output."""


class OutputLimit(Exception):
    """The program printed more than it may."""


class Output(io.BytesIO):
    """Standard output: in memory, and only so much of it."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.exceeded = False

    def write(self, data: Any) -> int:
        room = self.limit - self.tell()
        if len(data) > room:
            self.exceeded = True
            super().write(bytes(data)[: max(0, room)])
            raise OutputLimit(f"the output has more than {self.limit} bytes")
        return super().write(data)

    def close(self) -> None:
        """Stay open: what has been printed is still to be sent."""


def run_job(output_limit: int) -> None:
    """Read the job, execute it, write the reply."""
    os.write(REPLY_FD, CONFINED)
    with os.fdopen(JOB_FD, "rb") as source:
        job = json.loads(source.read())
    out = redirect(output_limit)
    _prepare()
    tell_of_absent(_leave)
    send(encoded_reply(lambda: _execute(job, out), out))


def redirect(limit: int) -> Output:
    """Give the next program empty standard streams of its own."""
    out = Output(limit)
    sys.stdin = io.StringIO("")
    sys.stdout = sys.__stdout__ = _text(out)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(Output(limit))  # type: ignore[misc]
    return out


def encoded_reply(execute: Callable[[], Reply], out: Output) -> bytes:
    """The reply to what `execute` returns or raises."""
    try:
        reply = execute()
    except BaseException as error:
        reply = _failure(error)
    try:
        stdout = io.BytesIO.getvalue(out).decode("utf-8", "backslashreplace")
        if out.exceeded or len(stdout) > out.limit:
            reply = FAILED, "OutputLimit", f"more than {out.limit} bytes were printed", ""
        return pack_reply(*reply, stdout[: out.limit])
    except BaseException:
        return pack_reply(FAILED, "Unserialisable", "the answer cannot be returned")


def evaluate(program: CodeType, entry: CodeType | str | None, names: dict[str, Any], limit: int) -> Reply:
    """Execute in the namespace `names`; ending with `sys.exit(0)` is an ending like any other."""
    sys.setrecursionlimit(_RECURSION + _depth())
    try:
        exec(program, names)  # noqa: S102
    except SystemExit as end:
        if end.code:
            raise
    if entry is None:
        return NOTHING, "", "", ""
    answer, text, kind = describe(eval(entry, names), limit)  # noqa: S307
    return (TEXT, answer, text, kind) if isinstance(answer, str) else (NUMBER, json.dumps(answer), text, kind)


def _depth() -> int:
    """Calls between the start of this process and here, which a program does not have when Python runs it itself."""
    frame, depth = sys._getframe(), 0
    while frame.f_back:
        frame, depth = frame.f_back, depth + 1
    return depth


def inputs_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the job binds to names, from their form on the wire."""
    return {name: _value(value) for name, value in job["inputs"].items()}


def send(data: bytes) -> None:
    """Write all of it to the host."""
    view = memoryview(data)
    while view:
        view = view[os.write(REPLY_FD, view) :]


def refusal(reason: str) -> bytes:
    """A reply that says that the program is for another process to run."""
    return pack_reply(REFUSED, reason)


def _leave(module: str) -> None:
    send(refusal(f"imports {module}"))
    os._exit(0)


def _prepare() -> None:
    """Nothing of the server's start is left to see, and no generator goes on where the server's stood."""
    sys.argv, sys.path, sys.orig_argv, sys.executable = ["program.py"], [], ["python", "program.py"], ""
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    if generator := sys.modules.get("sympy.core.random"):
        generator.rng.seed()


def _execute(job: dict[str, Any], out: Output) -> Reply:
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    module.__dict__.update(inputs_of(job))
    sys.modules["__main__"] = module
    program = compile(job["code"], PROGRAM, "exec", dont_inherit=True)
    return evaluate(program, job["entry"] or None, module.__dict__, out.limit)


def _text(raw: Output) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", newline="\n", write_through=True)


def _value(value: Any) -> Any:
    """An input from its form on the wire; dates are marked."""
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        if "$date" in value:
            return date.fromisoformat(value["$date"])
        if "$datetime" in value:
            return datetime.fromisoformat(value["$datetime"])
        return {key: _value(item) for key, item in value.items()}
    return value


def _failure(error: BaseException) -> Reply:
    kind, line = "Exception", ""
    try:
        kind, line = type(error).__name__[:100], str(_line(error) or "")
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        return FAILED, kind, message[:MAX_MESSAGE], line
    except BaseException:
        return FAILED, kind, "the error cannot be put into words", line


def _line(error: BaseException) -> int | None:
    """The line of the program where it went wrong, the innermost one."""
    if isinstance(error, SyntaxError) and error.filename == PROGRAM:
        return error.lineno
    line, frame = None, error.__traceback__
    while frame:
        if frame.tb_frame.f_code.co_filename == PROGRAM:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line
