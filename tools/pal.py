"""`run_program`: what takes more than one expression, as a Python program in the interpreter's sandbox."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from shopbot.tools.action import Call, Observation, Source, action
from shopbot.tools.interpreter import Interpreter, Limits, observation
from shopbot.tools.interpreter.entry import find_entry

LIMITS = Limits(seconds=5.0, memory=128 << 20, output=4_000)

_DATES = ("ordered_at", "shipped_at", "expected_at", "delivered_at")


@action(title="work it out with a program")
def run_program(call: Call[Any], program: Annotated[str, Field(max_length=8_000), Source.ENGINE]) -> Observation:
    """Run a Python program for what takes more than one expression; assign the result to `answer`.

    The standard library, numpy and sympy are there; files, network and time of day are not. Once an order has been
    looked up, `lines` is a list of mappings with name, quantity, remaining, unit_price (cents) and final_sale (bool),
    and ordered_at, shipped_at, expected_at and delivered_at are datetimes or None.
    """
    result = shared_interpreter().run(program, find_entry(program), order_values(call.facts), LIMITS, call.conversation)
    data = {"program": program, "answer": result.answer, "text": result.text, "stdout": result.stdout}
    if result.error:
        return Observation(
            f"The program failed; repair it. {observation(result, program)}",
            data={**data, "error": str(result.error)},
            ok=False,
        )
    return Observation(observation(result, program), data={**data, "path": result.path, "ms": round(result.ms, 2)})


def order_values(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a program may see of an established order: typed values, and never a document or a message."""
    order = facts.get("order") or {}
    if not order:
        return {}
    keys = ("name", "quantity", "remaining", "unit_price", "final_sale")
    lines = [{key: line[key] for key in keys if key in line} for line in order.get("items") or []]
    return {"lines": lines, **{name: _moment(order.get(name)) for name in _DATES}}


@lru_cache(maxsize=1)
def shared_interpreter() -> Interpreter:
    """The interpreter of this process; its workers start with the first program and end with the process."""
    interpreter = Interpreter()
    atexit.register(interpreter.close)
    return interpreter


def _moment(iso: str | None) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None
