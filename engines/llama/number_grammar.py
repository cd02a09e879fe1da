"""Bounded numbers as GBNF expressions: decoding cannot leave the bounds, whatever the model thinks of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

LARGEST = 999_999_999
"""Where a schema sets no bound: decoding has to end, and nobody means a longer number."""
_MULTIPLES = 200
_GRID = 64


def integer(schema: Mapping[str, Any]) -> str:
    """Whole numbers within `minimum`, `maximum`, their exclusive forms and `multipleOf`.

    Raises:
        ValueError: no whole number lies within them.
    """
    low, high = _bounds(schema)
    lowest, highest = math.ceil(low), math.floor(high)
    if "exclusiveMinimum" in schema and lowest == schema["exclusiveMinimum"]:
        lowest += 1
    if "exclusiveMaximum" in schema and highest == schema["exclusiveMaximum"]:
        highest -= 1
    if lowest > highest:
        raise ValueError(f"no whole number lies between {low} and {high}: widen the bounds of the argument")
    step = schema.get("multipleOf")
    return _multiples(lowest, highest, step) if step and step != 1 else whole(lowest, highest)


def number(schema: Mapping[str, Any]) -> str:
    """Numbers with up to six decimals within the bounds.

    Raises:
        ValueError: the bounds leave nothing.
    """
    if schema.get("multipleOf"):
        return integer(schema)
    low, high = _bounds(schema)
    if low > high:
        raise ValueError(f"no number lies between {low} and {high}: widen the bounds of the argument")
    # With decimals behind it a whole part must stay strictly inside: 3 -> 3.000001 .. 3.999999.
    kinds = []
    if math.floor(high) - 1 >= max(math.ceil(low), 0):
        kinds.append(f'({whole(max(math.ceil(low), 0), math.floor(high) - 1)}) "." [0-9]{{0,5}} [1-9]')
    if math.ceil(low) + 1 <= min(math.floor(high), 0):
        kinds.append(f'"-" ({whole(max(-math.floor(high), 0), -math.ceil(low) - 1)}) "." [0-9]{{0,5}} [1-9]')
    try:
        kinds.append(integer({**schema, "minimum": low, "maximum": high}))
    except ValueError:
        if not kinds:
            return _grid(low, high, schema)
    return " | ".join(kinds)


def whole(low: int, high: int) -> str:
    """The whole numbers from `low` to `high`, both included, without leading zeros."""
    kinds = []
    if low < 0:
        kinds.append(f'"-" ({_natural(max(1, -high), -low)})')
    if high >= 0:
        kinds.append(_natural(max(low, 0), high))
    return " | ".join(kinds)


def _natural(low: int, high: int) -> str:
    kinds = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        first = max(low, 10 ** (digits - 1) if digits > 1 else 0)
        last = min(high, 10**digits - 1)
        kinds.append(_same_length(str(first), str(last)))
    return " | ".join(kinds)


def _same_length(low: str, high: str) -> str:
    """Digit by digit: the numbers between two of the same length."""
    if not low:
        return ""
    if set(low) == {"0"} and set(high) == {"9"}:
        return f"[0-9]{{{len(low)}}}"
    if low[0] == high[0]:
        return f'"{low[0]}" {_group(_same_length(low[1:], high[1:]))}'.strip()
    rest = len(low) - 1
    kinds = [f'"{low[0]}" {_group(_same_length(low[1:], "9" * rest))}'.strip()]
    if int(high[0]) - int(low[0]) > 1:
        middle = f"[{int(low[0]) + 1}-{int(high[0]) - 1}]"
        kinds.append(f"{middle} [0-9]{{{rest}}}" if rest else middle)
    kinds.append(f'"{high[0]}" {_group(_same_length("0" * rest, high[1:]))}'.strip())
    return " | ".join(kinds)


def _group(expression: str) -> str:
    return f"({expression})" if expression else ""


def _bounds(schema: Mapping[str, Any]) -> tuple[float, float]:
    low = max((schema[key] for key in ("minimum", "exclusiveMinimum") if key in schema), default=None)
    high = min((schema[key] for key in ("maximum", "exclusiveMaximum") if key in schema), default=None)
    if low is None:
        low = min(-LARGEST, high - LARGEST) if high is not None else -LARGEST
    if high is None:
        high = max(LARGEST, low + LARGEST)
    return low, high


def _multiples(low: int, high: int, step: float) -> str:
    exact = Decimal(str(step))
    first = math.ceil(Decimal(low) / exact)
    last = min(math.floor(Decimal(high) / exact), first + _MULTIPLES)
    near_zero = max(first, min(0, last) - _MULTIPLES // 2)
    found = [exact * count for count in range(near_zero, min(last, near_zero + _MULTIPLES) + 1)]
    if not found:
        raise ValueError(f"no multiple of {step} lies between {low} and {high}: widen the bounds of the argument")
    return " | ".join(f'"{_plain(one)}"' for one in found)


def _grid(low: float, high: float, schema: Mapping[str, Any]) -> str:
    """Between two neighbouring whole numbers: a few evenly spaced values."""
    inside = [low + (high - low) * place / _GRID for place in range(1, _GRID)]
    ends = [low] * ("exclusiveMinimum" not in schema) + [high] * ("exclusiveMaximum" not in schema)
    found = {_plain(Decimal(repr(float(one)))) for one in [*ends, *inside] if low <= one <= high}
    if not found:
        raise ValueError(f"no number lies between {low} and {high}: widen the bounds of the argument")
    return " | ".join(f'"{one}"' for one in sorted(found))


def _plain(value: Decimal) -> str:
    return f"{value:f}"
