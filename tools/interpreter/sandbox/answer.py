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


def describe(value: Any, limit: int) -> dict[str, Any]:
    """The fields `answer`, `text` and `type` of a reply.

    Raises:
        AnswerTooLarge: more than `limit` characters, or an integer of more than about 4,200 digits.
    """
    kind = type(value).__name__[:100]
    value = _without_numpy(value)
    if value is None:
        return {"answer": "None", "text": "None", "type": kind}
    if isinstance(value, bool):
        return {"answer": bool(value), "text": str(bool(value)), "type": kind}
    if isinstance(value, int):
        number = int.__add__(value, 0)
        if number.bit_length() > MAX_BITS:
            raise AnswerTooLarge(f"the answer is an integer of {number.bit_length()} bits; {MAX_BITS} are allowed")
        return {"answer": number, "text": str(number), "type": kind}
    if isinstance(value, float):
        real = float.__add__(value, 0.0) if value else value
        return {"answer": real if math.isfinite(real) else repr(real), "text": repr(real), "type": kind}
    return {"answer": _short(repr(value), limit), "text": _short(str(value), limit), "type": kind}


def _without_numpy(value: Any) -> Any:
    """A numpy scalar as the Python number it stands for."""
    numpy = sys.modules.get("numpy")
    return value.item() if numpy is not None and isinstance(value, numpy.generic) else value


def _short(text: str, limit: int) -> str:
    if len(text) > limit:
        raise AnswerTooLarge(f"the answer has {len(text)} characters; {limit} are allowed")
    return text
