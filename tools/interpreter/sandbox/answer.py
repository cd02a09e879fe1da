"""A program's answer in words that cross a pipe: numbers as numbers, anything else as its `repr` and `str`.

Runs inside the boundary, on objects that may be hostile; how long it takes and how much it needs is limited from
outside. An answer that is too large is an error, never cut: half an answer is a wrong one.
"""

from __future__ import annotations

import math
import sys
from typing import Any

MAX_BITS = 14_000
"""Just below the 4,300 digits that Python itself turns into text."""


class AnswerTooLarge(Exception):
    """The answer has more digits or characters than are returned."""


def describe(value: Any, limit: int) -> tuple[bool | int | float | str, str, str]:
    """The answer, its text and the name of its type.

    Raises:
        AnswerTooLarge: more than `limit` characters, or an integer of more than about 4,200 digits.
    """
    number = _number(value)
    answer = _short(repr(value), limit) if number is None else number
    return answer, _short(str(value), limit), type(value).__name__[:100]


def _number(value: Any) -> bool | int | float | str | None:
    """The value as JSON has it, "inf" and "nan" in words; None when it is no number."""
    value = _without_numpy(value)
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        whole = int.__add__(value, 0)
        if whole.bit_length() > MAX_BITS:
            raise AnswerTooLarge(f"the answer is an integer of {whole.bit_length()} bits; {MAX_BITS} are allowed")
        return whole
    if isinstance(value, float):
        real = float.__add__(value, 0.0) if value else float.__pos__(value)
        return real if math.isfinite(real) else repr(real)
    return None


def _without_numpy(value: Any) -> Any:
    """A number or truth value of numpy as Python's own; its dates, durations and texts are none."""
    numpy = sys.modules.get("numpy")
    if numpy is None or isinstance(value, numpy.timedelta64):
        return value
    return value.item() if isinstance(value, numpy.bool_ | numpy.integer | numpy.floating) else value


def _short(text: str, limit: int) -> str:
    if len(text) > limit:
        raise AnswerTooLarge(f"the answer has {len(text)} characters; {limit} are allowed")
    return text
