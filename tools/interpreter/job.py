"""What a program is given, and its form on the way to the sandbox."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Job:
    """A program, the expression that holds its answer (None: only what it prints), and values bound to names.

    Inputs are numbers, text, truth values, None, dates, and lists and mappings with text keys of these: no object of
    the host, and nothing that a program could call.
    """

    code: str
    entry: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.inputs.items():
            if not name.isidentifier() or name.startswith("__"):
                raise ValueError(f"{name!r} is no name for a value: use letters, digits and underscores")
            _check(name, value)

    def encoded(self, **more: int) -> bytes:
        """The job as bytes, with `more` beside it; dates are marked."""
        job = {"code": self.code, "entry": self.entry, "inputs": dict(self.inputs), **more}
        return json.dumps(job, default=_marked).encode()


def _check(name: str, value: Any) -> None:
    if value is None or type(value) in (bool, int, str, date, datetime):
        return
    if type(value) is float and math.isfinite(value):
        return
    if type(value) in (list, tuple):
        for item in value:
            _check(name, item)
    elif type(value) is dict and all(type(key) is str and not key.startswith("$") for key in value):
        for item in value.values():
            _check(name, item)
    else:
        raise ValueError(
            f"{name} holds a {type(value).__name__}: a program is given numbers, text, dates, lists and mappings only"
        )


def _marked(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    raise TypeError(type(value).__name__)
