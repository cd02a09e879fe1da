"""LangChain's structured responses beside the gate: nothing runs next to an answer, and a refusal grounds nothing."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from shopbot.agents import Gate
from shopbot.testing import Conversation, Script
from shopbot.tools import Call, Observation, action

CANCEL = {"call": "cancel", "args": {"number": "B-99"}}


class Receipt(BaseModel):
    """What was done."""

    text: str


RECEIPT = {"call": "Receipt", "args": {"text": "Done."}}


def talk(cancelled: list[str], *steps: Any) -> Conversation:
    @action(effect="write")
    def cancel(call: Call[Any], number: str) -> Observation:
        """Cancel a booking."""
        cancelled.append(number)
        return Observation("Cancelled.")

    agent: Any = create_agent(
        Script(*steps),
        [],
        middleware=[Gate([cancel])],
        checkpointer=InMemorySaver(),
        response_format=ToolStrategy(Receipt),
    )
    return Conversation(agent)


def test_a_call_beside_a_structured_response_does_not_run() -> None:
    cancelled: list[str] = []
    said = talk(cancelled, {"calls": [CANCEL, RECEIPT]})
    said.say("Cancel my booking B-99.")
    called = [call["name"] for m in said.messages if isinstance(m, AIMessage) for call in m.tool_calls]
    assert (cancelled, called) == ([], ["Receipt"])


def test_a_structured_response_that_says_what_was_not_done_goes_back_to_the_engine() -> None:
    false, true = ({"call": "Receipt", "args": {"text": text}} for text in ("I've cancelled B-99.", "It still stands."))
    said = talk([], false, true).say("Cancel my booking B-99.")
    assert said["structured_response"] == Receipt(text="It still stands.")


def test_what_no_structured_response_says_truly_is_said_in_words() -> None:
    false = {"call": "Receipt", "args": {"text": "I've cancelled booking B-99."}}
    said = talk([], false, false, false)
    assert said.say("Cancel my booking B-99.")["structured_response"] is None
    assert said.reply.startswith("To be clear: nothing has been changed or sent in this step.")


def test_a_value_that_was_refused_grounds_nothing_later() -> None:
    cancelled: list[str] = []
    said = talk(cancelled, CANCEL, CANCEL, CANCEL, RECEIPT)
    config: Any = {"configurable": {"thread_id": said.thread}}
    # A call that slipped past the model step: the gate refuses it before the tool, and its sentence is kept.
    past = AIMessage("", tool_calls=[{"name": "cancel", "args": {"number": "B-99"}, "id": "past"}])
    said.agent.update_state(config, {"messages": [HumanMessage("Cancel my booking."), past]}, as_node="model")
    said.agent.invoke(None, config, interrupt_after=["tools"])
    refused = said.agent.get_state(config).values["messages"][-1]
    assert isinstance(refused, ToolMessage) and "B-99" in refused.text
    said.say("Well?")
    assert cancelled == []
