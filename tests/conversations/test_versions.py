"""Two versions side by side: this one goes on with what the one before has left, and bears what the next may add.

`earlier_version/` holds the conversations of a server of an earlier version, as SQL; the customer has just been asked
whether a return is wanted. Make it anew, by the newest release, when a release is older than it by more than one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.serve.agents import gated
from shopbot.apps.care.migrate import run_migrate
from shopbot.apps.serve.keeping import Keeping, open_keeping
from shopbot.apps.serve.letters import Correspondent, Letters
from shopbot.apps.serve.records import Records, TurnRecord
from shopbot.apps.serve.shared.store import SharedStore
from shopbot.apps.serve.shared.tables import ServeTables
from shopbot.apps.serve.store import Store
from shopbot.apps.session import open_conversation_with
from shopbot.shop.settings import Settings, load_settings
from shopbot.shop.shop import open_shop

THREAD = "-SKCePDONDEMYp2D8OnqEZ17"
LEFT = datetime(2026, 11, 28, 1, 30, tzinfo=UTC)
"""Minutes after the earlier version was stopped: an hour later the customer has to say again who they are."""
EARLIER = Path(__file__).with_name("earlier_version")


@pytest.fixture(params=["sqlite", "postgresql"])
def earlier(request: pytest.FixtureRequest, shop_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A shop whose conversations the version before has led; in PostgreSQL, those copied there."""
    for name in ("conversations", "serve", "shop"):
        with closing(sqlite3.connect(shop_folder / f"{name}.db")) as file:
            file.executescript((EARLIER / f"{name}.sql").read_text(encoding="utf-8"))
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres_url")
        run_migrate(data=shop_folder, source="sqlite:", target=url)
        monkeypatch.setenv("SHOPBOT_DATABASE_URL", url)
    return load_settings(data=shop_folder)


def store_of(keeping: Keeping) -> Store:
    return SharedStore(keeping.said) if isinstance(keeping.said, ServeTables) else Store(keeping.said)


def test_a_conversation_of_the_version_before_goes_on(earlier: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopbot.shop.shop.open_shop", partial(open_shop, now=lambda: LEFT))
    with open_conversation_with(earlier, THREAD) as conversation:
        turn = conversation.say("which orders do I have?").turn
    assert "123456" in turn.reply
    assert turn.awaiting not in ("order_number", "email")


def test_what_the_version_before_wrote_is_listed_and_found(earlier: Settings) -> None:
    with open_keeping(earlier) as keeping:
        store = store_of(keeping)
        assert [len(store.entries(each.id)) for each in store.listed(words="STRAIGHT-leg")] == [2]
        assert [turn.outcome for turn in Records(keeping.said).turns(THREAD)] == ["answered"]


@pytest.fixture(params=["sqlite", "postgresql"])
def widened(request: pytest.FixtureRequest, data_folder: Path) -> Iterator[Keeping]:
    """A shop whose every table has got a column more, as a next version may add one."""
    url = request.getfixturevalue("fresh_postgres_url") if request.param == "postgresql" else None
    with open_keeping(load_settings(data=data_folder, database_url=url)) as keeping:
        for transaction in (keeping.said.transaction, keeping.checkpoints):
            with transaction() as run:
                for table in own_tables(run, on_server=url is not None):
                    run(f"ALTER TABLE {table} ADD COLUMN of_the_next TEXT")
            if url is not None:
                break  # one database holds both
        yield keeping


def own_tables(run: Any, *, on_server: bool) -> list[str]:
    """The tables that this project makes; LangGraph sees to its own."""
    if on_server:
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    else:
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    others = ("checkpoint", "writes", "entries_words")
    return [row[0] for row in run(named) if not row[0].startswith(others)]


def test_what_the_next_version_adds_does_no_harm(widened: Keeping) -> None:
    store, records, letters = store_of(widened), Records(widened.said), Letters(widened.said)
    store.create("chat", "visitor")
    entry, _ = store.receive("chat", "m1", "Is it there?", {})
    state = gated(widened.memory).invoke({"messages": [("user", entry.text)]}, {"configurable": {"thread_id": "chat"}})
    store.say("chat", "r1", "bot", state["messages"][-1].text, {}, answers="m1")
    records.record(TurnRecord("chat", "m1", 1.0, "script", "answered", 0.0, {}))
    records.keep_told("chat", 1)
    records.keep_end("digest", "chat")
    letters.begin(Correspondent("chat", "ada@example.com", "Hello"))
    assert [each.text for each in store.entries("chat")] == ["Is it there?", "It is there."]
    assert [each.id for each in store.listed(words="it there")] == ["chat"]
    assert store.unanswered() == []
