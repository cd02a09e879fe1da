"""What comes back from a run, as values: an answer or a failure, and how it was got."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from shopbot.prompts import render

_ABSENT = re.compile(r"No module named '([A-Za-z]\w{0,50})(?:\.[\w.]{0,200})?'")

Answer = int | float | bool | str | None
"""A number or truth value as itself, anything else as its `repr`; None when no entry was asked for."""

Path = Literal["monty", "cpython", "none"]
"""What ran it; monty only where there is no boundary for CPython."""


@dataclass(frozen=True)
class Failure:
    """Why there is no answer: the exception's type, its message, and the line of the program."""

    kind: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f" (line {self.line})" if self.line else ""
        return f"{self.kind}: {self.message}{where}" if self.message else f"{self.kind}{where}"


@dataclass(frozen=True)
class Result:
    """One run. `text` is the answer as `str` gives it; `refused` says why the quick path did not do it.

    `ms` is the time of the whole run, `queued_ms` what of it was spent waiting for a turn.
    """

    answer: Answer = None
    text: str = ""
    type: str = ""
    stdout: str = ""
    error: Failure | None = None
    path: Path = "none"
    refused: str | None = None
    ms: float = 0.0
    queued_ms: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the program ran to its end and its answer, if it was asked for one, came back."""
        return self.error is None


def observation(result: Result, code: str) -> str:
    """The result for a model: the answer and what was printed, or what to repair and in which line."""
    if result.error is None:
        shown = [part for part in (result.stdout.rstrip("\n"), result.text) if part]
        return "\n".join(shown) or "The program ran and printed nothing."
    absent = _ABSENT.fullmatch(result.error.message) if result.error.kind == "ModuleNotFoundError" else None
    if absent:
        return render("pal/missing_module.j2", observation=_where(result.error, code), module=absent.group(1))
    return _where(result.error, code)


def _where(failure: Failure, code: str) -> str:
    lines = code.splitlines()
    if failure.line and 1 <= failure.line <= len(lines):
        return f"{failure.kind}: {failure.message}\nline {failure.line}: {lines[failure.line - 1].strip()}"
    return str(failure)
