"""A journal in a LangGraph store does what one in a database does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from bookings import CANCEL, FIND, Bookings
from langchain_core.messages import HumanMessage
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from shopbot.agents.journal import Write
from shopbot.agents.store_journal import StoreJournal
from shopbot.tools import Observation

WRITE = Write("k", "conversation.1", "c1", "begun")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BaseStore]:
    if request.param == "memory":
        yield InMemoryStore()
        return
    sqlite = pytest.importorskip("langgraph.store.sqlite", reason="SqliteStore needs sqlite-vec")
    connection = sqlite3.connect(tmp_path / "store.db", check_same_thread=False, isolation_level=None)
    kept = sqlite.SqliteStore(connection)
    kept.setup()
    yield kept
    connection.close()


def test_a_write_begins_once_and_is_remembered(store: BaseStore) -> None:
    journal = StoreJournal(store)
    assert journal.begin(WRITE) is None
    again = StoreJournal(store).begin(WRITE)
    assert again is not None
    assert again.status == "begun"
    journal.finish("k", Observation("done", data={"number": 7}))
    found = StoreJournal(store).of_calls("conversation.1", ["c1", "c2"])
    assert {call: (write.status, write.observation) for call, write in found.items()} == {
        "c1": ("done", Observation("done", data={"number": 7}))
    }


def test_a_write_that_did_not_happen_may_begin_again(store: BaseStore) -> None:
    journal = StoreJournal(store)
    journal.begin(WRITE)
    journal.finish("k", None)
    assert journal.begin(WRITE) is None


def test_a_withdrawn_call_never_begins(store: BaseStore) -> None:
    journal = StoreJournal(store)
    journal.withdraw("conversation.1", "c1")
    there = journal.begin(WRITE)
    assert there is not None
    assert there.status == "withdrawn"


def test_messages_are_kept_until_they_are_answered(store: BaseStore) -> None:
    journal = StoreJournal(store)
    assert journal.receive("c", [HumanMessage("one"), HumanMessage("two")]) == []
    assert [message.text for message in journal.receive("c", [HumanMessage("three")])] == ["one", "two"]
    journal.answered("c")
    assert journal.receive("c", []) == []


def test_a_claim_that_another_laid_down_in_the_same_instant_stops_both() -> None:
    class Racing(InMemoryStore):
        """Another process lays a claim down right after this one."""

        def put(self, namespace: tuple[str, ...], key: str, value: Mapping[str, Any], *args: Any, **more: Any) -> None:
            super().put(namespace, key, value, *args, **more)
            if namespace[1] == "writes":
                super().put(namespace, "theirs", value)

    there = StoreJournal(Racing()).begin(WRITE)
    assert there is not None
    assert there.status == "begun"


def test_a_gate_keeps_its_journal_in_the_agents_store_where_the_checkpointer_has_none(store: BaseStore) -> None:
    bookings = Bookings()
    talk = bookings.talk(FIND, CANCEL, CANCEL, {"say": "It is cancelled."}, store=store)
    talk.say("Please cancel my booking B-17.")
    talk.say("yes")
    assert bookings.cancelled == ["B-17"]
    kept = [row.value["status"] for row in store.search(("agent_journal", "writes"))]
    assert kept == ([] if isinstance(store, InMemoryStore) else ["done"])
