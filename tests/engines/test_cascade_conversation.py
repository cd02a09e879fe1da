"""A whole return with a cascade: the embedded engine does what it is sure of, a scripted one the rest; who did what is
in the state and in the trace."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_shopbot
from shopbot.agents.turn import read_turn
from shopbot.engines.cascade.model import CascadeEngine
from shopbot.engines.protocol import CONFIDENCE
from shopbot.engines.scripted import ScriptedEngine
from shopbot.engines.shopbot.model import PlannerEngine
from shopbot.shop.shop import Shop
from shopbot.tools.shop.services import ShopServices


class Talk:
    """ShopBot on a cascade of the planner and a script."""

    def __init__(self, shop: Shop, steps: list[Any], threshold: float) -> None:
        self.expert = ScriptedEngine(steps)
        cascade = CascadeEngine(
            specs=["planner", "script"], engines=[PlannerEngine(), self.expert], thresholds=[threshold, 0.0]
        )
        self.agent = create_shopbot(cascade, desk=ShopServices(shop), checkpointer=InMemorySaver())

    def say(self, words: str) -> dict[str, Any]:
        """The state after a message."""
        thread: Any = {"configurable": {"thread_id": "t"}}
        state: dict[str, Any] = self.agent.invoke({"messages": [HumanMessage(words)]}, thread)
        return state


def test_the_planner_alone_takes_a_return_to_its_label_when_it_is_sure(shop: Shop) -> None:
    talk = Talk(shop, [], threshold=0.0)
    words = "I want to return the jeans of order 123456, my email is maria.lopez@example.com"
    assert talk.say(words)["awaiting"] == "confirmation"
    state = talk.say("Yes, please go ahead.")
    assert "label" in state["facts"]
    assert [*state["engines"]] == ["planner"]
    assert state["engines"]["planner"]["turns"] == 2
    assert talk.expert.heard == []


def test_a_message_that_the_planner_is_unsure_of_goes_to_the_next_engine(shop: Shop) -> None:
    talk = Talk(shop, [{"say": "Could you tell me more?"}], threshold=1.0)
    state = talk.say("the thing with the thing, you know")
    assert read_turn(state).reply == "Could you tell me more?"
    planner, expert = state["engines"]["planner"], state["engines"]["script"]
    assert (planner["turns"], planner["answers"], planner["calls"]) == (0, 0, 1)
    assert (expert["turns"], expert["answers"], expert["calls"]) == (1, 1, 1)
    assert planner["seconds"] > 0


def test_what_the_gate_refuses_goes_to_the_next_engine_with_the_reason(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def invents(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ScriptedEngine([{"call": "take_order_number", "args": {"order_number": "999999"}}])._generate([])

    monkeypatch.setattr(PlannerEngine, "_generate", invents)
    talk = Talk(shop, [{"say": "What is your order number?"}], threshold=0.0)
    state = talk.say("I want to send something back")
    assert read_turn(state).reply == "What is your order number?"
    assert "which nobody has said" in talk.expert.heard[0][-1].text
    assert state["engines"]["planner"]["turns"] == 0


def test_the_planner_says_how_sure_it_is(shop: Shop) -> None:
    talk = Talk(shop, [], threshold=0.0)
    clear = talk.say("my order number is 123456")["messages"][-1].response_metadata[CONFIDENCE]
    vague = talk.say("hmm that other whatsit maybe not or so")["messages"][-1].response_metadata[CONFIDENCE]
    assert 0 < vague < clear < 1


def test_reasoning_is_kept_and_not_shown(shop: Shop) -> None:
    talk = Talk(shop, [{"say": "<think>They want a jacket.</think>Which jacket?"}], threshold=1.1)
    turn = read_turn(talk.say("jacket"))
    assert (turn.reply, turn.thought) == ("Which jacket?", "They want a jacket.")
