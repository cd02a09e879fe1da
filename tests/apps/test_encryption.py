"""With a key, what is said is in no file of the shop as it was said, and everything that reads it still does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from shopbot.apps.audit.books import read_books
from shopbot.apps.care.migrate import run_migrate
from shopbot.apps.care.privacy import run_export
from shopbot.apps.reset import run_reset
from shopbot.apps.serve.keeping import Keeping, open_keeping
from shopbot.apps.serve.records import Records, TurnRecord
from shopbot.apps.serve.shared.store import SharedStore
from shopbot.apps.serve.shared.tables import ServeTables
from shopbot.apps.serve.store import Store
from shopbot.apps.session import open_conversation_with
from shopbot.encryption import MARK, NotDecrypted, Seal
from shopbot.shop.settings import Settings, SettingsError, load_settings

CANARY = "the zebra canary sings at midnight"
MARIA = "maria.lopez@example.com"
KEY = Fernet.generate_key().decode()


@pytest.fixture
def sealed(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A shop with a key in which a canary was spoken of, verified, and handed to a person."""
    monkeypatch.setenv("SHOPBOT_TRANSCRIPTS_KEY", KEY)
    run_reset(data=data_folder, yes=False)
    settings = load_settings(data=data_folder)
    with open_keeping(settings) as keeping, open_conversation_with(settings, "chat") as conversation:
        for number, words in enumerate(
            (f"{CANARY}; my order is 123456, {MARIA}", f"I want to talk to a human being; {CANARY}")
        ):
            tell(keeping, number, words, conversation.say(words).turn.reply)
    return settings


def tell(keeping: Keeping, number: int, words: str, reply: str) -> None:
    store = store_of(keeping)
    store.create("chat", "visitor")
    entry, _ = store.receive("chat", f"m{number}", words, {"told": words})
    store.say("chat", f"r{number}", "bot", f"{reply} {CANARY}", {}, answers=entry.id)
    Records(keeping.said).record(TurnRecord("chat", entry.id, 1.0, "planner", "answered", 0.0, {"thought": CANARY}))


def store_of(keeping: Keeping) -> Store:
    return SharedStore(keeping.said) if isinstance(keeping.said, ServeTables) else Store(keeping.said)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, sealed: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The same shop in files and in PostgreSQL."""
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres_url")
        run_migrate(data=sealed.data, source="sqlite:", target=url)
        monkeypatch.setenv("SHOPBOT_DATABASE_URL", url)
    return load_settings(data=sealed.data)


def test_what_was_said_is_in_no_file(sealed: Settings) -> None:
    files = [file for file in sealed.data.rglob("*") if file.is_file()]
    assert {"conversations.db", "serve.db", "shop.db"} <= {file.name for file in files}
    assert [file.name for file in files if b"canary" in file.read_bytes()] == []


def test_what_was_said_is_in_no_table(either: Settings) -> None:
    with open_conversation_with(either, "chat") as conversation:
        conversation.say(f"one thing more: {CANARY}")
    with open_keeping(either) as keeping:
        assert "canary" not in "\n".join(everything(keeping))


def everything(keeping: Keeping) -> Iterator[str]:
    """Every row of the database of the conversations."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    if isinstance(keeping.said, ServeTables):
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    for transaction in (keeping.said.transaction, keeping.checkpoints):
        with transaction() as run:
            for (table,) in run(named):
                for row in run(f"SELECT * FROM {table}"):
                    yield from (str(bytes(each) if isinstance(each, memoryview) else each) for each in row)


def test_whoever_has_the_key_reads_and_finds_it(either: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with open_keeping(either) as keeping:
        store = store_of(keeping)
        assert [each.title[:9] for each in store.listed(words="ZEBRA")] == ["the zebra"]
        assert store.listed(words="giraffe") == []
        assert store.entries("chat")[0].details["told"].startswith(CANARY)
        assert Records(keeping.said).turns("chat")[0].trace == {"thought": CANARY}
    assert CANARY in read_books(either).conversations["chat"][0].text
    run_export(data=either.data, email=MARIA)
    exported = json.loads(capsys.readouterr().out)
    assert CANARY in exported["said"][0]["text"]
    assert CANARY in exported["tickets"][-1]["transcript"]


def test_the_conversation_goes_on(either: Settings) -> None:
    with open_conversation_with(either, "chat") as conversation:
        assert "123456" in conversation.say("which orders do I have?").turn.reply


def test_without_the_key_nothing_is_read(sealed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOPBOT_TRANSCRIPTS_KEY")
    with open_keeping(load_settings(data=sealed.data)) as keeping, pytest.raises(NotDecrypted, match="no key is set"):
        store_of(keeping).entries("chat")


def test_a_new_key_stands_in_front_of_the_old_one() -> None:
    old, new = KEY, Fernet.generate_key().decode()
    both = Seal([new, old])
    assert both.plain(Seal([old]).text("words")) == "words"
    assert Seal([new]).plain(both.text("words")) == "words"
    assert both.plain("words from before") == "words from before"
    with pytest.raises(NotDecrypted, match="another key"):
        Seal([new]).plain(Seal([old]).text("words"))
    assert both.text("words").startswith(MARK)


def test_a_wrong_key_is_named_and_not_shown() -> None:
    with pytest.raises(SettingsError, match=r"SHOPBOT_TRANSCRIPTS_KEY is \*\*\*: not a Fernet key") as caught:
        load_settings(transcripts_key="secret-but-short")
    assert "secret-but-short" not in str(caught.value)
