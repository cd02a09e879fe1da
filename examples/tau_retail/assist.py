"""What changes nothing: arithmetic, a note to oneself, and the hand-over to a person."""

from __future__ import annotations

from typing import Annotated

from examples.tau_retail.store import Store
from shopbot.tools import ActionError, Call, Observation, Source, action
from shopbot.tools.arithmetic import ArithmeticRefused, evaluate


@action()
def calculate(call: Call[Store], expression: Annotated[str, Source.ENGINE]) -> Observation:
    """Calculate an expression of numbers, + - * / and parentheses, to the cent."""
    try:
        return Observation(str(round(float(evaluate(expression)), 2)))
    except ArithmeticRefused as error:
        raise ActionError(str(error)) from error


@action()
def think(call: Call[Store], thought: Annotated[str, Source.ENGINE]) -> Observation:
    """Note a thought; nothing is looked up or changed."""
    return Observation("")


@action(title="hand over to a person")
def transfer_to_human_agents(call: Call[Store], summary: Annotated[str, Source.ENGINE] = "") -> Observation:
    """Hand the conversation to a person, when the customer asks for one or no action can help."""
    return Observation("Transfer successful")
