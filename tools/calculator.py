"""`calculate`: the quick path for a plain sum, done by code and exact to the cent."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from shopbot.tools.action import Call, Observation, Source, action
from shopbot.tools.arithmetic import ArithmeticRefused, Columns, as_decimal, exact_value, round_half_up

SHOWN_PLACES = 6
"""Of a value that does not end within EXACT_PLACES decimals."""
EXACT_PLACES = 30


@action(title="calculate")
def calculate(call: Call[Any], expression: Annotated[str, Field(max_length=300), Source.ENGINE]) -> Observation:
    """Work out an arithmetic expression exactly: + - * / // % ** and round, abs, sum, min, max, mean, count.

    Once an order has been looked up, its lines are the columns quantity, unit_price and line_total (in cents):
    sum(line_total) is what the order came to.
    """
    columns = _order_columns(call)
    try:
        value = exact_value(expression, columns)
    except ArithmeticRefused as refusal:
        return Observation(f"Not calculated: {refusal}.", data={"error": str(refusal)}, ok=False)
    shown, exact = _shown(value)
    sign = "=" if exact else "≈"
    return Observation(
        f"{expression} {sign} {shown}",
        data={"expression": expression, "value": shown, "sign": sign, "cents": _to_the_cent(value)},
    )


def _order_columns(call: Call[Any]) -> Columns:
    lines = (call.facts.get("order") or {}).get("items") or []
    return {
        "quantity": [line["quantity"] for line in lines],
        "unit_price": [line["unit_price"] for line in lines],
        "line_total": [line["quantity"] * line["unit_price"] for line in lines],
    }


def _to_the_cent(value: Fraction) -> str | None:
    """The value as an amount of money, when it has fractions of a cent."""
    cents = round_half_up(value, 2)
    return f"{as_decimal(cents):.2f}" if cents != value else None


def _shown(value: Fraction) -> tuple[str, bool]:
    """The value without needless zeros, and whether that is all of it."""
    exact = round_half_up(value, EXACT_PLACES) == value
    rounded = value if exact else round_half_up(value, SHOWN_PLACES)
    if not rounded and value:
        return f"{as_decimal(value):.{SHOWN_PLACES - 1}e}", False
    text = f"{as_decimal(rounded):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text), exact
