"""A value is there only if somebody gave this very value; and no text makes reading fail."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attacked_agent import start
from pydantic import BaseModel

from shopbot.agents.grounding import MAX_TEXT, ungrounded
from shopbot.tools.action import Call, Observation, action


class Amount(BaseModel):
    """A decimal argument."""

    value: Decimal


class Count(BaseModel):
    """A whole-number argument."""

    value: int


class Name(BaseModel):
    """A text argument."""

    value: str


@pytest.mark.parametrize(
    ("said", "value", "kind"),
    [
        ("twenty one", 201, Count),
        ("two hundred", 2100, Count),
        ("100", -100, Count),
        ("1/2", 12, Count),
        (".50", 50, Count),
        ("write to ceo@my-bank.com", "ceo@mybank.com", Name),
        ("hello", "👍", Name),
        ("5 of them", "1E+99999999", Amount),
        ("5 of them", "1" * 5000, Name),
        ("word " * (MAX_TEXT // 5 - 1) + "1234567", 1234, Count),
    ],
)
def test_what_denotes_another_value_is_not_there(said: str, value: Any, kind: type[BaseModel]) -> None:
    assert ungrounded({"value": value}, [said], annotation=kind) == [value]


@pytest.mark.parametrize(
    ("said", "value"), [("twenty one", 21), ("two hundred", 200), ("minus 100", -100), ("0.5", "0.5")]
)
def test_what_was_said_is_there(said: str, value: Any) -> None:
    assert ungrounded({"value": value}, [said], annotation=Amount) == []


@action()
def count(call: Call[Any], value: int) -> Observation:
    """Count."""
    return Observation(f"{value} counted")


@pytest.mark.parametrize("unit", ["1", "1.", "１", "1/", ".1", "0.1", "12:", "½", "point one ", "hundred million "])
def test_no_message_makes_the_rest_of_its_conversation_fail(unit: str) -> None:
    talk = start({"call": "count", "args": {"value": 7}}, {"say": "Seven."}, actions=[count])
    text = f"7 {unit * 20_000}"[:6_000]
    assert talk.reply(text) == "Seven."


def test_what_the_calculator_echoes_grounds_nothing() -> None:
    from shopbot.tools.calculator import calculate

    steps = [{"call": "calculate", "args": {"expression": "4711 + 0"}}, {"call": "count", "args": {"value": 4711}}]
    talk = start(*steps, *[{"say": "I cannot."}] * 3, actions=[calculate, count])
    state = talk.say("count something")
    assert "4711 counted" not in [message.text for message in state["messages"]]
