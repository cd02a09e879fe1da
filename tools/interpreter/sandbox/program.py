"""Executing one program inside the boundary, and the reply about it.

    job    {"code", "entry", "inputs"}
    reply  {"ok": true, "answer", "text", "type", "stdout"}
        or {"ok": false, "error", "message", "line", "stdout"}

The program can write a reply of its own instead: it may lie about its answer, and no more than that.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import sys
import types
from datetime import date, datetime
from typing import Any

from .answer import describe
from .confine import JOB_FD, REPLY_FD

PROGRAM, ENTRY = "<program>", "<answer>"
MAX_MESSAGE = 500


class OutputLimit(Exception):
    """The program printed more than it may."""


class _Capped(io.BytesIO):
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
    out = _Capped(output_limit)
    with os.fdopen(JOB_FD, "rb") as source:
        job = json.loads(source.read())
    try:
        reply = _execute(job, out)
    except BaseException as error:
        reply = _failure(error)
    try:
        if out.exceeded:
            reply = {"ok": False, "error": "OutputLimit", "message": f"more than {output_limit} bytes were printed"}
        reply["stdout"] = io.BytesIO.getvalue(out).decode("utf-8", "replace")
        _send(json.dumps(reply).encode())
    except BaseException:
        _send(b'{"ok": false, "error": "Unserialisable", "message": "the answer cannot be returned", "stdout": ""}')


def _execute(job: dict[str, Any], out: _Capped) -> dict[str, Any]:
    sys.stdin = io.StringIO("")
    sys.stdout = sys.__stdout__ = _text(out)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(_Capped(out.limit))  # type: ignore[misc]
    sys.argv, sys.path = ["program.py"], []
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    module.__dict__.update({name: _value(value) for name, value in job["inputs"].items()})
    sys.modules["__main__"] = module
    try:
        exec(compile(job["code"], PROGRAM, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except SystemExit as end:
        if end.code or job["entry"]:
            raise
    if not job["entry"]:
        return {"ok": True, "answer": None, "text": "", "type": ""}
    value = eval(compile(job["entry"], ENTRY, "eval", dont_inherit=True), module.__dict__)  # noqa: S307
    return {"ok": True, **describe(value, out.limit)}


def _text(raw: _Capped) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", errors="surrogatepass", newline="\n", write_through=True)


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


def _failure(error: BaseException) -> dict[str, Any]:
    failure: dict[str, Any] = {"ok": False, "error": "Exception", "message": "", "line": None}
    try:
        failure["error"] = type(error).__name__[:100]
        failure["line"] = _line(error)
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        failure["message"] = message[:MAX_MESSAGE]
    except BaseException:
        failure["message"] = "the error cannot be put into words"
    return failure


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


def _send(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(REPLY_FD, view) :]
