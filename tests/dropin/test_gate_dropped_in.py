"""The gate in an agent that LangChain's own `create_agent` has made, over tools that know nothing of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bookings import CANCEL, CONTRACTS, FIND, Bookings
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command, interrupt

from shopbot.agents import Gate
from shopbot.testing import Script
from shopbot.tools import Action, Call, ContractError, Observation, action

THREAD: Any = {"configurable": {"thread_id": "t"}}


def test_a_write_waits_for_a_yes() -> None:
    bookings = Bookings()
    talk = bookings.talk(FIND, CANCEL, CANCEL, {"say": "It is cancelled."})
    talk.say("Please cancel my booking B-17.")
    assert talk.reply == "Shall I cancel booking B-17? Please answer yes or no."
    assert bookings.cancelled == []
    talk.say("yes")
    assert (bookings.cancelled, talk.reply) == (["B-17"], "It is cancelled.")


def test_a_no_is_a_no() -> None:
    bookings = Bookings()
    talk = bookings.talk(FIND, CANCEL, CANCEL, {"say": "Nothing is done."})
    talk.say("Please cancel my booking B-17.")
    talk.say("no")
    assert bookings.cancelled == []


def test_a_tool_is_offered_when_its_needs_hold() -> None:
    talk = Bookings().talk(FIND, {"say": "Found."})
    talk.say("My booking is B-17.")
    assert talk.script.offered == [("find_booking",), ("find_booking", "cancel_booking")]
    assert talk.facts == {"booking": "B-17"}


def test_a_number_that_nobody_gave_never_reaches_a_tool() -> None:
    bookings = Bookings()
    talk = bookings.talk({"call": "find_booking", "args": {"number": "B-99"}}, {"say": "What is its number?"})
    talk.say("I have a booking.")
    assert bookings.found == []


def test_a_tool_without_a_contract_is_denied() -> None:
    bookings = Bookings()
    talk = bookings.talk({"call": "erase_everything"}, {"say": "I cannot do that."})
    talk.say("Erase everything!")
    assert bookings.cancelled == []


def test_a_write_is_done_once_however_often_it_is_asked_for() -> None:
    bookings = Bookings()
    unasked = {**CONTRACTS, "cancel_booking": {**CONTRACTS["cancel_booking"], "confirm": False}}
    talk = bookings.talk(FIND, CANCEL, CANCEL, {"say": "Done."}, CANCEL, {"say": "Done."}, gate=Gate(unasked))
    talk.say("Cancel B-17.")
    talk.say("Cancel B-17, I said.")
    assert bookings.cancelled == ["B-17"]


def test_contracts_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "contracts.yaml").write_text("find_booking: {effect: read, gives: {booking: number}}")
    talk = Bookings().talk(FIND, {"say": "Found."}, gate=Gate(str(tmp_path / "contracts.yaml")))
    talk.say("B-17")
    assert talk.facts == {"booking": "B-17"}


def test_a_contract_for_a_tool_that_is_not_there_is_told() -> None:
    talk = Bookings().talk({"say": "hello"}, gate=Gate({"find_bookings": {"effect": "read"}}))
    with pytest.raises(ContractError, match="no such tool: did you mean 'find_booking'"):
        talk.say("hello")


def test_it_works_the_same_when_awaited() -> None:
    bookings = Bookings()
    agent = bookings.talk(FIND, CANCEL, CANCEL, {"say": "It is cancelled."}).agent

    async def talk() -> list[str]:
        said = []
        for words in ("Please cancel my booking B-17.", "yes"):
            state = await agent.ainvoke({"messages": [HumanMessage(words)]}, THREAD)
            said.append(state["messages"][-1].text)
        return said

    assert asyncio.run(talk()) == ["Shall I cancel booking B-17? Please answer yes or no.", "It is cancelled."]
    assert bookings.cancelled == ["B-17"]


def test_async_actions_run_on_the_loop_of_the_agent() -> None:
    loops: list[Any] = []

    @action(gives=("weather",))
    async def look_outside(call: Call[Any]) -> Observation:
        """Look outside."""
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        return Observation("rain", facts={"weather": "rain"})

    agent = create_agent(Script({"call": "look_outside"}, {"say": "It rains."}), middleware=[Gate([look_outside])])

    async def ask() -> Any:
        state = await agent.ainvoke({"messages": [HumanMessage("How is it?")]})
        return state["facts"], asyncio.get_running_loop()

    facts, loop = asyncio.run(ask())
    assert (facts, loops) == ({"weather": "rain"}, [loop])


def test_whoever_reads_events_sees_actions_as_tools() -> None:
    agent = Bookings().talk(FIND, {"say": "Found."}).agent

    async def names() -> list[str]:
        stream = agent.astream_events({"messages": [HumanMessage("B-17")]}, THREAD, version="v2")
        return [f"{event['event']} {event['name']}" async for event in stream if event["event"].startswith("on_tool")]

    assert asyncio.run(names()) == ["on_tool_start find_booking", "on_tool_end find_booking"]


def test_a_tool_may_interrupt_and_is_resumed() -> None:
    done: list[str] = []

    def pay(amount: int) -> str:
        """Pay an amount."""
        done.append(f"paid {amount}, {interrupt('by which card?')}")
        return done[-1]

    gate = Gate([Action.from_tool(pay, effect="write")])
    script = Script({"call": "pay", "args": {"amount": 20}}, {"say": "Paid."})
    agent = create_agent(script, middleware=[gate], checkpointer=InMemorySaver())
    assert agent.invoke({"messages": [HumanMessage("Pay 20.")]}, THREAD)["__interrupt__"][0].value == "by which card?"
    agent.invoke(Command(resume="the blue one"), THREAD)
    assert done == ["paid 20, the blue one"]


def test_an_engine_that_fails_raises_as_without_the_gate() -> None:
    talk = Bookings().talk({"fail": "the server is on fire"})
    with pytest.raises(RuntimeError, match="on fire"):
        talk.say("hello")


def test_what_was_done_is_remembered_beside_durable_checkpoints(tmp_path: Path) -> None:
    bookings = Bookings()
    for _ in range(2):
        with SqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as saver:
            unasked = {**CONTRACTS, "cancel_booking": {**CONTRACTS["cancel_booking"], "confirm": False}}
            talk = bookings.talk(FIND, CANCEL, {"say": "Done."}, gate=Gate(unasked), checkpointer=saver)
            talk.thread = "the same"
            talk.say("Cancel B-17.")
    assert bookings.cancelled == ["B-17"]


def test_durable_checkpoints_without_a_durable_journal_are_refused() -> None:
    class Foreign(BaseCheckpointSaver[str]):
        def get_tuple(self, config: Any) -> None:
            return None

        def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
            return config

        def put_writes(self, *args: Any, **kwargs: Any) -> None:
            return None

    talk = Bookings().talk({"say": "hello"}, checkpointer=Foreign())
    with pytest.raises(ContractError, match="Foreign keeps conversations for good, and nothing would keep that"):
        talk.say("hello")


def test_a_price_that_nobody_knows_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    used = UsageMetadata(input_tokens=10, output_tokens=5, total_tokens=15)
    answers = [AIMessage(words, usage_metadata=used) for words in ("Hello.", "Hello again.")]
    talk = Bookings().talk(*answers)
    for _ in answers:
        talk.say("hello")
    assert talk.state["spent"]["conversation"]["cost"] is None
    assert [record.message for record in caplog.records if "its cost is reported as None" in record.message] == [
        caplog.records[0].message
    ]
