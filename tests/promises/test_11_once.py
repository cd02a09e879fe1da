"""Nothing is lost and nothing is done twice, however many click at once and wherever conversations are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from attacked_agent import Talk, Till, call, config, said, start
from langchain_core.messages import AIMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph

from shopbot.agents.memory import open_memory
from shopbot.tools.action import Call, Observation, Source, action

CLICKS = 8


def note_once(messages: Any) -> AIMessage:
    """Notes what was said, then says so."""
    return call("note", amount=5) if messages[-1].type == "human" else AIMessage("Noted.")


def heard(state: dict[str, Any]) -> int:
    """How many of the customer's messages were kept."""
    return sum(message.type == "human" for message in state["messages"])


def assert_all_once(talk: Talk, threads: int) -> None:
    for thread in range(threads):
        assert heard(talk.agent.get_state(config(str(thread))).values) == CLICKS
    assert len(talk.till.paid) == threads


def test_16_conversations_with_8_clicks_each_from_threads(tmp_path: Path) -> None:
    with open_memory(tmp_path / "c.db") as memory, ThreadPoolExecutor(32) as pool:
        talk = start(note_once, checkpointer=memory)
        list(pool.map(lambda n: talk.say("note it", str(n % 16)), range(16 * CLICKS)))
        assert_all_once(talk, 16)


def test_16_conversations_with_8_clicks_each_in_one_event_loop() -> None:
    async def main() -> Talk:
        talk = start(note_once)
        await asyncio.gather(*(talk.agent.ainvoke(said("note"), config(str(n % 16))) for n in range(16 * CLICKS)))
        return talk

    assert_all_once(asyncio.run(main()), 16)


def test_on_langgraphs_async_saver(tmp_path: Path) -> None:
    async def main() -> tuple[list[int], int]:
        async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "c.db")) as saver:
            talk = start(note_once, checkpointer=saver)
            await asyncio.gather(*(talk.agent.ainvoke(said("note"), config()) for _ in range(CLICKS)))
            return talk.till.paid, heard((await talk.agent.aget_state(config())).values)

    assert asyncio.run(main()) == ([5], CLICKS)


@pytest.mark.parametrize("opening", [open_memory, SqliteSaver.from_conn_string])
def test_two_stores_on_one_file(tmp_path: Path, opening: Callable[[Any], Any]) -> None:
    file: Any = tmp_path / "c.db" if opening is open_memory else str(tmp_path / "c.db")
    till = Till()
    with opening(file) as one, opening(file) as other, ThreadPoolExecutor(CLICKS) as pool:
        talks = [start(note_once, checkpointer=saver, services=till) for saver in (one, other)]
        list(pool.map(lambda n: talks[n % 2].say("note it"), range(CLICKS)))
        assert heard(talks[0].agent.get_state(config()).values) == CLICKS
    assert till.paid == [5]


def test_two_workers_on_one_postgresql(fresh_postgres_url: str) -> None:
    async def click(talks: list[Talk]) -> None:
        await asyncio.gather(*(talks[n % 2].agent.ainvoke(said("note it"), config()) for n in range(CLICKS)))

    till = Till()
    with open_memory(fresh_postgres_url) as one, open_memory(fresh_postgres_url) as other:
        talks = [start(note_once, checkpointer=saver, services=till) for saver in (one, other)]
        asyncio.run(click(talks))
        assert heard(talks[0].agent.get_state(config()).values) == CLICKS
    assert till.paid == [5]


def test_a_write_is_not_forgotten_when_the_saver_is_opened_again(tmp_path: Path) -> None:
    till = Till()
    for _ in range(2):
        with SqliteSaver.from_conn_string(str(tmp_path / "c.db")) as saver:
            start(note_once, checkpointer=saver, services=till).say("note it")
    assert till.paid == [5]


def test_a_part_of_another_graph_forgets_no_write_either(tmp_path: Path) -> None:
    till = Till()
    for _ in range(2):
        with SqliteSaver.from_conn_string(str(tmp_path / "c.db")) as saver:
            graph = StateGraph(MessagesState)
            graph.add_node("part", start(note_once, checkpointer=None, services=till).agent)
            graph.add_edge(START, "part")
            graph.compile(checkpointer=saver).invoke(said("note it"), config())
    assert till.paid == [5]


def test_an_agent_that_is_an_action_of_another_in_the_same_conversation_ends() -> None:
    inner = start(note_once)

    @action()
    def ask(call: Call[Till]) -> Observation:
        """Ask the other agent."""
        return Observation(inner.reply("note it", call.conversation))

    outer = start(call("ask"), {"say": "Asked."}, actions=[ask])
    assert outer.reply("ask it") == "Asked."
    assert inner.till.paid == [5]


def test_one_yes_pays_once_however_the_sum_is_spelled() -> None:
    spelled = [5, 5.0, "5", "5.0", "05"]
    talk = start(call("pay", amount=5), *(call("pay", amount=one) for one in spelled), {"say": "Paid."})
    talk.say("please pay")
    talk.say("yes")
    assert talk.till.paid == [5]


def test_one_yes_pays_once_also_when_paying_fails_after_the_deed() -> None:
    talk = start(call("pay", amount=5), *(call("pay", amount=one) for one in (5, 5.0, "5", "05")), {"say": "Paid."})

    def fail() -> None:
        raise RuntimeError("the wire broke")

    talk.till.during = fail
    talk.say("please pay")
    talk.say("yes")
    assert talk.till.paid == [5]


@action(effect="write")
def move(call: Call[Till], amount: Annotated[Decimal, Source.ENGINE]) -> Observation:
    """Move an amount."""
    call.services.paid.append(1)
    return Observation("moved")


def test_a_decimal_is_one_amount_however_it_is_spelled() -> None:
    talk = start(
        *(call("move", amount=one) for one in ("5", "5.0", 5, "5.00", "5E0")), {"say": "Moved."}, actions=[move]
    )
    talk.say("move it")
    assert len(talk.till.paid) == 1


def test_a_sync_call_on_the_loop_of_an_async_saver_is_refused_in_words() -> None:
    from shopbot.agents.stores import WrongLoopError

    async def main() -> None:
        async with AsyncSqliteSaver.from_conn_string(":memory:") as saver:
            with pytest.raises(WrongLoopError, match="use ainvoke"):
                start(note_once, checkpointer=saver).say("note it")

    asyncio.run(main())


def test_an_engine_cannot_overwrite_a_message_by_its_id() -> None:
    talk = start(AIMessage("one", id="first"), AIMessage("two", id="first"))
    from langchain_core.messages import HumanMessage

    talk.say(HumanMessage("hello", id="first"))
    state = talk.say("and?")
    assert [message.text for message in state["messages"]] == ["hello", "one", "and?", "two"]
