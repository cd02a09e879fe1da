"""Three agents of LangChain's tutorials: what goes wrong without the gate is shown, and does not happen with it."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from examples.ports import mcp_agent, rag_agent, sql_agent
from shopbot.testing import Conversation, Script

DELETE = {"call": "change_data", "args": {"statement": "DELETE FROM plots"}}
QUERY = {"call": "run_query", "args": {"query": "SELECT count(*) FROM plots"}}
LOOK = ({"call": "list_tables"}, {"call": "show_schema", "args": {"table": "plots"}})


@pytest.fixture
def plots() -> sqlite3.Connection:
    """A database of three plots."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("CREATE TABLE plots (number INTEGER)")
    database.executemany("INSERT INTO plots VALUES (?)", [(1,), (2,), (3,)])
    database.commit()
    return database


def left(plots: sqlite3.Connection) -> int:
    count: int = plots.execute("SELECT count(*) FROM plots").fetchone()[0]
    return count


def test_without_the_gate_a_model_may_delete_every_row(plots: sqlite3.Connection) -> None:
    Conversation(sql_agent.without_gate(Script(DELETE, {"say": "Tidied up."}), plots)).say("How many plots are there?")
    assert left(plots) == 0


def test_with_the_gate_rows_are_deleted_after_a_yes_only(plots: sqlite3.Connection) -> None:
    script = Script(DELETE, *LOOK, DELETE, DELETE, {"say": "Done."})
    talk = Conversation(sql_agent.with_gate(script, plots, checkpointer=InMemorySaver()))
    talk.say("How many plots are there?")
    assert (left(plots), talk.reply) == (3, "Shall I run this: DELETE FROM plots? Please answer yes or no.")
    talk.say("yes")
    assert left(plots) == 0


def test_with_the_gate_no_query_is_run_before_the_schema_was_seen(plots: sqlite3.Connection) -> None:
    script = Script(QUERY, *LOOK, QUERY, {"say": "Three."})
    talk = Conversation(sql_agent.with_gate(script, plots))
    talk.say("How many plots are there?")
    assert script.offered[0] == ("list_tables",)
    assert (talk.done["run_query"], talk.reply) == (1, "Three.")


INVENTED = {"say": "Hedges are cut in May, as the rules say [rules#roses]."}


def test_without_the_gate_an_invented_answer_is_sent() -> None:
    script = Script({"call": "retrieve", "args": {"query": "when are hedges cut"}}, INVENTED)
    talk = Conversation(rag_agent.without_gate(script))
    talk.say("When are hedges cut?")
    assert "May" in talk.reply


def test_with_the_gate_an_invented_answer_goes_back_and_what_stands_there_is_told() -> None:
    pytest.importorskip("bs4", reason="the extra retrieval is not installed: nothing reads citations")
    script = Script({"call": "retrieve_cited", "args": {"query": "when are hedges cut"}}, *[INVENTED] * 3)
    talk = Conversation(rag_agent.with_gate(script))
    talk.say("When are hedges cut?")
    assert talk.reply.startswith("Hedges are cut in October.")


@pytest.fixture
def cancelled(tmp_path: Path) -> Path:
    """Where the clinic's server writes what it cancels."""
    return tmp_path / "cancelled.txt"


def said_over_mcp(make: Any, cancelled: Path, *steps: Any, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """What an agent over the clinic's real server replies to each of `words`, and what was cancelled by then."""
    pytest.importorskip("fastmcp", reason="langchain[mcp] is not installed: there is no MCP client")

    async def talk() -> list[tuple[str, str]]:
        happened: list[tuple[str, str]] = []
        async with mcp_agent.clinic_server(cancelled) as server:
            agent = make(Script(*steps), await server.list_tools(), checkpointer=InMemorySaver())
            for each in words:
                state = await agent.ainvoke({"messages": [HumanMessage(each)]}, {"configurable": {"thread_id": "t"}})
                done = cancelled.read_text() if cancelled.exists() else ""
                happened.append((state["messages"][-1].text, done))
        return happened

    return asyncio.run(talk())


FIND = {"call": "find_visit", "args": {"number": "V-1"}}
CANCEL = {"call": "cancel_visit", "args": {"number": "V-1"}}
ERASE = {"call": "erase_everything"}
ASKED = "When is my visit V-1?"


@pytest.mark.filterwarnings("ignore")
def test_without_the_gate_whatever_a_server_offers_is_called(cancelled: Path) -> None:
    steps = (CANCEL, ERASE, {"say": "All gone."})
    assert said_over_mcp(mcp_agent.without_gate, cancelled, *steps, words=(ASKED,)) == [("All gone.", "everything\n")]


@pytest.mark.filterwarnings("ignore")
def test_with_the_gate_a_destructive_tool_waits_for_a_yes_and_an_unknown_one_is_denied(cancelled: Path) -> None:
    steps = (ERASE, FIND, CANCEL, CANCEL, {"say": "Done."})
    question = "I am about to cancel visit (number: V-1). Shall I? Please answer yes or no."
    happened = said_over_mcp(mcp_agent.with_gate, cancelled, *steps, words=(ASKED, "yes"))
    assert happened == [(question, ""), ("Done.", "V-1\n")]
