"""The time of actions counts, and money without a price has a price."""

from __future__ import annotations

import time
from typing import Any

import pytest
from attacked_agent import Till, call, start
from langchain_core.messages import AIMessage

from shopbot.agents.budget import Budget, Limits
from shopbot.tools.action import Call, Observation, action


@action(effect="write", repeatable=True)
def slow_write(call: Call[Till], n: int) -> Observation:
    """Write slowly."""
    call.services.paid.append(n)
    time.sleep(0.3)
    return Observation("written")


@action()
def slow_read(call: Call[Till], n: int) -> Observation:
    """Read for a very long time."""
    call.services.paid.append(n)
    time.sleep(3 if n else 0.3)
    return Observation("read")


@pytest.mark.parametrize(("name", "first"), [("slow_write", 1), ("slow_read", 0)])
def test_slow_actions_use_up_the_time_of_the_turn(name: str, first: int) -> None:
    steps = [call(name, n=n) for n in (first, 2, 3, 4, 5)]
    budget = Budget(turn=Limits(seconds=0.5))
    talk = start(*steps, actions=[slow_write, slow_read], budget=budget)
    state = talk.say("0 or 1 or 2 or 3 or 4 or 5")
    assert "limit" in state["messages"][-1].text
    assert len(talk.till.paid) <= 2
    assert state["spent"]["turn"]["seconds"] >= 0.5


def test_a_model_without_a_price_reaches_the_limit_of_cost() -> None:
    usage = {"input_tokens": 10_000, "output_tokens": 10_000, "total_tokens": 20_000}

    def costly(messages: Any) -> AIMessage:
        message = call("look", at=str(len(messages)))
        message.usage_metadata = usage  # type: ignore[assignment]
        return message

    talk = start(costly, budget=Budget(turn=Limits(cost=0.5)))
    state = talk.say("look")
    assert "limit" in state["messages"][-1].text
    assert len(talk.engine.heard) == 3
    assert state["spent"]["turn"]["cost"] is None
