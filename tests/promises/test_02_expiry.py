"""A question, and what was established about the customer, hold for a time; a button answers one question only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attacked_agent import Till, call, said, start
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_agent
from shopbot.agents.state import ANSWER
from shopbot.engines.scripted import ScriptedEngine
from shopbot.tools.action import Call, Observation, action


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.mark.parametrize(("minutes", "paid"), [(29, [5]), (31, [])])
def test_a_question_can_be_answered_for_half_an_hour(minutes: int, paid: list[int]) -> None:
    clock = Clock()
    talk = start(*[call("pay", amount=5) for _ in range(2)], {"say": "Done."}, now=clock)
    talk.say("pay 5")
    clock.time += timedelta(minutes=minutes)
    talk.say("yes")
    assert talk.till.paid == paid


def button(question: str, value: str = "yes") -> HumanMessage:
    return HumanMessage("(a button)", additional_kwargs={ANSWER: {"question": question, "value": value}})


@pytest.mark.parametrize(("stale", "value", "paid"), [(False, "yes", [5]), (True, "yes", []), (False, "no", [])])
def test_a_button_is_believed_for_its_own_question_only(stale: bool, value: str, paid: list[int]) -> None:
    talk = start(*[call("pay", amount=5) for _ in range(2)], {"say": "Done."})
    question = talk.say("pay 5")["question"]["id"]
    talk.say(button("another" if stale else question, value))
    assert talk.till.paid == paid


@action(gives=("customer",), lapses=timedelta(minutes=60), title="check who it is")
def identify(call: Call[Till]) -> Observation:
    """Check who the customer is."""
    return Observation("It is them.", facts={"customer": 1})


@action(needs=("customer",), gives=("order",), title="look the order up")
def look_up(call: Call[Till]) -> Observation:
    """Look the customer's order up."""
    return Observation("There it is.", facts={"order": 7})


@pytest.mark.parametrize(("minutes", "known"), [(59, {"customer", "order"}), (61, set())])
def test_what_was_established_lapses_with_silence_and_what_rests_on_it_falls(minutes: int, known: set[str]) -> None:
    clock = Clock()
    steps = [{"call": "identify"}, {"call": "look_up"}, {"say": "Found."}, {"say": "Hello again."}]
    talk = start(*steps, actions=[identify, look_up], now=clock)
    talk.say("it's me")
    clock.time += timedelta(minutes=minutes)
    assert set(talk.say("hello?")["facts"]) == known


class Forgetful(BaseCheckpointSaver[Any]):
    """A checkpointer of somebody's own, that outlasts the process."""

    def list(self, *_: Any, **__: Any) -> Iterator[Any]:
        return iter(())


def test_conversations_that_last_need_a_journal_that_does(tmp_path: Any) -> None:
    @action(effect="write", title="write")
    def write(call: Call[Till]) -> Observation:
        """Write something."""
        return Observation("written")

    engine = ScriptedEngine([])
    with pytest.raises(ValueError, match="nothing would keep that 'write'"):
        create_agent(engine, [write], checkpointer=Forgetful())
    actions: Sequence[Any] = [identify]
    assert create_agent(engine, actions, checkpointer=Forgetful())
    assert create_agent(engine, [write], checkpointer=InMemorySaver())


def test_a_message_has_a_longest_length() -> None:
    from shopbot.agents.turns import MessageTooLong

    talk = start({"say": "Hello."})
    with pytest.raises(MessageTooLong, match="20,001 characters; up to 20,000"):
        talk.agent.invoke(said("x" * 20_001), {"configurable": {"thread_id": "t"}})
