"""ShopBot with a generative engine over the real policies: cited, checked, and silent where they say nothing."""

from __future__ import annotations

from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_shopbot
from shopbot.agents.turn import read_turn
from shopbot.engines.scripted import ScriptedEngine
from shopbot.tools.retrieval import Retriever
from shopbot.tools.shop.services import ShopServices

WINDOW = "returns#return-window"


def talk(desk: ShopServices, words: str, *steps: dict[str, Any]) -> tuple[Any, ScriptedEngine]:
    """The turn in which the engine takes these steps, and the engine."""
    engine = ScriptedEngine(steps)
    agent = create_shopbot(engine, desk=desk, checkpointer=InMemorySaver())
    state = agent.invoke({"messages": [("user", words)]}, {"configurable": {"thread_id": "t"}})
    return read_turn(state), engine


def search(question: str) -> dict[str, Any]:
    return {"call": "search_policies", "args": {"question": question}}


def test_a_follow_up_may_be_searched_in_words_that_nobody_said(desk: ShopServices) -> None:
    asked = "How many days do I have to return most items?"
    reply = {"say": f"You have 30 days from delivery [{WINDOW}]."}
    turn, engine = talk(desk, "and how long?", search(asked), reply)
    assert [taken.name for taken in turn.actions] == ["search_policies"]
    assert turn.reply == reply["say"]
    assert [citation["key"] for citation in turn.citations] == [WINDOW]
    assert f"Question: {asked}" in engine.heard[-1][-1].text


def test_what_the_documents_do_not_say_is_not_answered_from_memory(desk: ShopServices) -> None:
    # No question is sure enough: the search finds nothing, whatever is asked.
    unsure = ShopServices(desk.shop, Retriever(desk.policies.store, desk.policies.encoder, minimum_confidence=1.0))
    asked = "do you take credit cards from the moon?"
    made_up = {"say": "Yes, most credit cards from the moon are accepted."}
    turn, engine = talk(unsure, asked, search(asked), *[made_up] * 3)
    assert turn.reply.startswith("I don't know")
    assert "person" in turn.reply
    assert "offer a person" in engine.heard[1][-1].text


def test_an_answer_that_stays_wrong_is_replaced_by_words_of_the_policies(desk: ShopServices) -> None:
    wrong = {"say": f"You have 90 days from delivery [{WINDOW}]."}
    turn, _ = talk(
        desk, "How long do I have to return something?", search("How long do I have to return something?"), *[wrong] * 3
    )
    assert "90" not in turn.reply
    assert f"[{WINDOW}]" in turn.reply
    assert turn.citations
