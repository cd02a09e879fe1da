"""A yes answers the question in the message right before it, and no other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from attacked_agent import call, config, said, start
from langchain_core.messages import AIMessage
from langgraph.types import Command


class Killed(BaseException):
    """The process dies."""


def die(messages: Any) -> AIMessage:
    raise Killed


@pytest.mark.parametrize("words", ["ok", "yes", "go ahead", "yes please"])
def test_a_refusal_whose_turn_died_stays_a_refusal(words: str) -> None:
    talk = start(call("pay", amount=5), die, call("pay", amount=5), {"say": "Fine."})
    talk.say("please pay")
    with pytest.raises(Killed):
        talk.say("No, stop. Do not send it!")
    state = talk.say(words)
    assert talk.till.paid == []
    assert [m.text for m in state["messages"] if m.type == "human"] == [
        "please pay",
        "No, stop. Do not send it!",
        words,
    ]


@pytest.mark.parametrize("awaits", range(1, 40, 3))
def test_a_refusal_that_is_cancelled_anywhere_stays_a_refusal(awaits: int) -> None:
    async def main() -> list[int]:
        talk = start(lambda messages: {"say": "Fine."} if "stop" in messages[-1].text else call("pay", amount=5))
        await talk.agent.ainvoke(said("please pay"), config())
        turn = asyncio.ensure_future(talk.agent.ainvoke(said("No, stop!"), config()))
        for _ in range(awaits):
            await asyncio.sleep(0)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        await talk.agent.ainvoke(said("ok"), config())
        state = await talk.agent.aget_state(config())
        heard = [m.text for m in state.values["messages"] if m.type == "human"]
        assert heard == ["please pay", "No, stop!", "ok"]
        return talk.till.paid

    assert asyncio.run(main()) == []


def test_a_decision_comes_after_a_word_of_the_customer_that_a_dead_turn_left() -> None:
    talk = start(call("note", amount=5), {"say": "I stopped."}, approve={"note": lambda args, facts: True})
    talk.say("note it")
    saver = talk.agent.checkpointer
    saver.put = die
    with pytest.raises((Killed, TypeError)):
        talk.say("No, stop!")
    del saver.put
    state = talk.agent.invoke(Command(resume={"type": "approve"}), config())
    assert talk.till.paid == []
    assert state["messages"][-1].text == "I stopped."


def test_a_digression_makes_the_question_void() -> None:
    talk = start(call("pay", amount=5), {"say": "We open at nine."}, call("pay", amount=5), {"say": "Fine."})
    for words in ("please pay", "when do you open?", "yes"):
        talk.say(words)
    assert talk.till.paid == []
