"""One spelling of JSON values, and a digest of it: the same value has the same one, however an engine wrote it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def normalised(value: Any) -> Any:
    """`value` in one spelling: 5, 5.0 and the decimal 5.00 are the same argument, and a set has an order."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Decimal) and value.is_finite():
        sign, digits, exponent = value.as_tuple()
        written = "".join(map(str, digits)).rstrip("0")
        return f"{'-' * sign}{written}e{int(exponent) + len(digits) - len(written)}" if written else 0
    if isinstance(value, set | frozenset):
        return sorted(map(canonical, value))
    if isinstance(value, Mapping):
        return {key: normalised(inner) for key, inner in value.items()}
    return [normalised(inner) for inner in value] if isinstance(value, list | tuple) else value


def canonical(value: Any) -> str:
    """`value` as JSON, the same for the same value."""
    return json.dumps(normalised(value), sort_keys=True, ensure_ascii=False, default=str)


def digest_of(value: Any) -> str:
    """A stable SHA-256 of any JSON value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
