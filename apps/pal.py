"""`shopbot pal`: programs from a file, from standard input, or written by an engine for a question."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

from shopbot.apps.lines import read_lines
from shopbot.apps.terminal import tolerate
from shopbot.shop.errors import ShopError
from shopbot.tools.interpreter import Interpreter, Limits, Result, observation
from shopbot.tools.interpreter.entry import find_entry

MAX_LINE = 16_000_000
"""Bytes of an input line; a longer one is answered with an error."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class ProgramRefused(ShopError):
    """There is no program to run, or no engine that could write one."""


class BadLine(ShopError):
    """A line of `--jsonl` that holds no program."""


def run_pal(
    target: str | None, *, data: Path | None, engine: str | None, entry: str | None, jsonl: bool, seconds: float
) -> int:
    """Run a program file, every line of standard input (`jsonl`), or answer a question; returns the exit code.

    Args:
        target: a path to a `.py` file, or a question in words; None with `jsonl`.
        engine: spec of what writes the program for a question; by default `SHOPBOT_ENGINE`.
        entry: the expression that holds the answer of a file; by default `solution()`, or what assigns `answer`.
        seconds: of wall-clock time for each program.

    Raises:
        ProgramRefused: nothing to run, a file that cannot be read, or an engine that cannot write programs.
    """
    limits = Limits(seconds=seconds)
    if jsonl:
        return _run_lines(limits)
    if not target:
        raise ProgramRefused("There is nothing to run: name a .py file, ask a question, or use --jsonl.")
    if target.endswith(".py"):
        return _run_file(Path(target), entry, limits)
    return _answer_question(target, data, engine, limits)


def _run_lines(limits: Limits) -> int:
    tolerate(output_encoding="utf-8")
    with Interpreter(limits) as interpreter:
        for line in read_lines(sys.stdin.buffer, MAX_LINE):
            if line.strip():
                print(json.dumps(_answer_line(line, interpreter)), flush=True)
    return 0


def _answer_line(line: bytes, interpreter: Interpreter) -> dict[str, Any]:
    identity: Any = None
    try:
        request = _request(line)
        identity = request.get("id")
        code, entry = _program(request)
    except BadLine as error:
        return {"id": identity, "ok": False, "answer": None, "stdout": "", "error": str(error), "ms": 0.0}
    return {"id": identity, **as_json(interpreter.run(code, entry), entry)}


def as_json(result: Result, entry: str | None) -> dict[str, Any]:
    """The result in the form that programs rely on: numbers and truth values as JSON, anything else as its `repr`."""
    return {
        "ok": result.ok,
        "answer": result.answer if result.ok and entry else None,
        "stdout": result.stdout,
        "error": str(result.error) if result.error else None,
        "ms": round(result.ms, 3),
    }


def _request(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise BadLine(f"The line has more than {MAX_LINE:,} bytes: send a shorter program.")
    try:
        request = json.loads(line, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise BadLine(f'The line is not JSON ({error}): send {{"id", "code", "entry"}}.') from None
    if not isinstance(request, dict):
        raise BadLine('The line is no JSON object: send {"id", "code", "entry"}.')
    return request


def _finite(written: str) -> float:
    """A number that can be sent back as JSON."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"{written} is no number of JSON")
    return number


def _program(request: dict[str, Any]) -> tuple[str, str | None]:
    code, entry = request.get("code"), request.get("entry")
    if not isinstance(code, str):
        raise BadLine('"code" is not text: send the program as one string.')
    if entry is not None and not isinstance(entry, str):
        raise BadLine('"entry" is neither text nor null: send the expression that holds the answer.')
    return code, entry or None


def _run_file(file: Path, entry: str | None, limits: Limits) -> int:
    try:
        code = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProgramRefused(f"{file} cannot be read ({error}): name a Python file in UTF-8.") from None
    with Interpreter(limits) as interpreter:
        return _show(interpreter.run(code, entry or find_entry(code)), code)


def _answer_question(question: str, data: Path | None, engine: str | None, limits: Limits) -> int:
    from shopbot.apps.settings import command_settings
    from shopbot.shop.engine import configured_engine
    from shopbot.tools.pal_question import ask

    settings = command_settings(data=data, engine=engine)
    if settings.engine == "planner":
        raise ProgramRefused(
            "The embedded planner writes no programs: name an engine that does, such as --engine openai:MODEL."
        )
    with Interpreter(limits) as interpreter:
        last = ask(question, configured_engine(settings), interpreter)[-1]
    print(_visible(last.program))
    return _show(last.result, last.program)


def _show(result: Result, code: str) -> int:
    tolerate(output_encoding=None)
    if result.error:
        print(_visible(result.stdout), end="")
        print(_visible(observation(result, code)), file=sys.stderr)
        return 1
    print(_visible(observation(result, code)))
    return 0


def _visible(text: str) -> str:
    """On a terminal, with what would command it spelt out: a program that a model wrote does not move the cursor."""
    if not sys.stdout.isatty() and not sys.stderr.isatty():
        return text
    return _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)
