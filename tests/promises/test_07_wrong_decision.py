"""A decision that is none is asked for again; nothing wedges the run."""

from __future__ import annotations

from typing import Any

import pytest
from attacked_agent import call, config, start
from langgraph.types import Command

GARBAGE: list[Any] = [{"type": "approved"}, "yes", [1], 0, {"type": "approve", "also": 1}, {"type": "edit"}]


@pytest.mark.parametrize("garbage", GARBAGE, ids=str)
def test_after_three_wrong_decisions_the_right_one_counts(garbage: Any) -> None:
    talk = start(call("note", amount=5), {"say": "Noted."}, approve={"note": lambda args, facts: True})
    talk.say("note it")
    for _ in range(3):
        state = talk.agent.invoke(Command(resume=garbage), config())
        assert "no decision" in state["__interrupt__"][0].value["error"]
    state = talk.agent.invoke(Command(resume={"type": "approve"}), config())
    assert state["messages"][-1].text == "Noted."
    assert talk.till.paid == [5]


def test_a_decision_given_twice_counts_once() -> None:
    talk = start(call("note", amount=5), {"say": "Noted."}, approve={"note": lambda args, facts: True})
    talk.say("note it")
    for _ in range(2):
        talk.agent.invoke(Command(resume={"type": "approve"}), config())
    assert talk.till.paid == [5]
