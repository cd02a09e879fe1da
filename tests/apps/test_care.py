"""A shop is moved, copied, audited, tidied up, and rid of one customer: by the commands, over a real conversation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from shopbot.apps.audit.books import read_books
from shopbot.apps.audit.checks import audit
from shopbot.apps.care.backup import run_backup
from shopbot.apps.care.migrate import NotMigrated, run_migrate
from shopbot.apps.care.naming import names_address, names_order, recipients
from shopbot.apps.care.privacy import run_erase, run_export
from shopbot.apps.reset import run_reset
from shopbot.apps.serve.keeping import Keeping, open_keeping
from shopbot.apps.serve.store import Store
from shopbot.apps.serve.tidy import tidy
from shopbot.apps.session import open_conversation_with
from shopbot.shop.database.connection import open_database
from shopbot.shop.settings import Settings, load_settings

MARIA = "maria.lopez@example.com"
PABLO = "lopez@example.com"
RETURN = [f"I'd like to return the jeans from order 123456, my e-mail is {MARIA}", "yes"]


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in files in which one return was arranged; what the server would have kept is there too."""
    folder = tmp_path_factory.mktemp("talked") / "data"
    run_reset(data=folder, yes=False)
    settings = load_settings(data=folder)
    with open_conversation_with(settings, "chat") as conversation:
        replies = [conversation.say(words).turn.reply for words in RETURN]
    with open_keeping(settings) as keeping:
        say(keeping, RETURN, replies)
    return folder


def say(keeping: Keeping, words: list[str], replies: list[str]) -> None:
    store = Store(keeping.said)
    store.create("chat", "visitor")
    details: list[dict[str, Any]] = [{"question": "q"}, {"label": {"return_id": 22}}]
    for number, (asked, reply) in enumerate(zip(words, replies, strict=True)):
        store.receive("chat", f"m{number}", asked, {})
        store.say("chat", f"r{number}", "bot", reply, details[number], answers=f"m{number}")


@pytest.fixture
def shop(talked: Path, data_folder: Path) -> Settings:
    run_backup(data=talked, folder=data_folder)
    return load_settings(data=data_folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, shop: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The same shop in files and in PostgreSQL."""
    if request.param == "sqlite":
        yield shop
        return
    url = request.getfixturevalue("fresh_postgres_url")
    run_migrate(data=shop.data, source="sqlite:", target=url)
    monkeypatch.setenv("SHOPBOT_DATABASE_URL", url)
    yield load_settings(data=shop.data)


def findings(settings: Settings, later: timedelta = timedelta(minutes=10)) -> list[str]:
    return [finding.what for finding in audit(read_books(settings), datetime.now(UTC) + later)]


def change(settings: Settings, statement: str) -> None:
    database = open_database(settings.shop_database_url)
    with database.begin() as connection:
        connection.execute(text(statement))
    database.dispose()


def test_a_copy_is_a_shop_in_which_everything_fits(shop: Settings) -> None:
    assert findings(shop) == []


def test_a_conversation_goes_on_after_the_move(either: Settings) -> None:
    assert findings(either) == []
    with open_conversation_with(either, "chat") as conversation:
        assert conversation.length > 10
        assert "R22" in conversation.say("what is the status of my return?").turn.reply


def test_a_target_in_use_is_refused(shop: Settings, fresh_postgres_url: str) -> None:
    run_migrate(data=shop.data, source="sqlite:", target=fresh_postgres_url)
    with pytest.raises(NotMigrated, match="name an empty database"):
        run_migrate(data=shop.data, source="sqlite:", target=fresh_postgres_url)


@pytest.mark.parametrize(
    ("change_it", "found"),
    [
        ("UPDATE return_items SET quantity = 9 WHERE return_id = 22", "9 units come back"),
        ("DELETE FROM labels WHERE return_id = 22", "has no label"),
        ("DELETE FROM outbox WHERE return_id = 22", "has 0 e-mails"),
        ("UPDATE returns SET status = 'requested' WHERE id = 22", "no workflow works on it"),
    ],
)
def test_an_auditor_finds(shop: Settings, change_it: str, found: str) -> None:
    change(shop, change_it)
    assert any(found in what for what in findings(shop))


def test_an_auditor_misses_a_yes_an_answer_and_the_truth(shop: Settings) -> None:
    with open_keeping(shop) as keeping, keeping.said.transaction() as run:
        run("UPDATE entries SET text = 'maybe' WHERE id = 'm1'")
        run("UPDATE entries SET answered = 0 WHERE id = 'm0'")
        run("UPDATE entries SET details = replace(details, '22', '99') WHERE id = 'r1'")
    found = findings(shop)
    assert any("0 times a yes" in what for what in found)
    assert any("is not answered" in what for what in found)
    assert any("tells of return 99" in what for what in found)


def test_what_is_cut_back_still_resumes(either: Settings) -> None:
    now = datetime.now(UTC)
    with open_keeping(either) as keeping:
        before = _size(keeping)
        tidy(keeping, None, now + timedelta(days=1))
        assert _size(keeping) < before / 2
    with open_conversation_with(either, "chat") as conversation:
        assert "R22" in conversation.say("what is the status of my return?").turn.reply


def test_what_is_too_old_is_forgotten(either: Settings) -> None:
    with open_keeping(either) as keeping:
        assert tidy(keeping, 30, datetime.now(UTC) + timedelta(days=29))["whole conversations"] == 0
        assert tidy(keeping, 30, datetime.now(UTC) + timedelta(days=31))["whole conversations"] == 1
        assert _size(keeping) == 0


def test_what_a_person_went_on_with_is_not_old(either: Settings) -> None:
    later = datetime.now(UTC) + timedelta(days=31)
    with open_keeping(either) as keeping:
        Store(keeping.said).say("chat", "s1", "staff", "It arrives tomorrow.", {})
        with keeping.said.transaction() as run:
            run("UPDATE entries SET at = ? WHERE id = 's1'", later.isoformat())
        before = _size(keeping)
        assert tidy(keeping, 30, later)["whole conversations"] == 0
        assert _size(keeping) == before


@pytest.mark.parametrize("with_person", ["held", "waiting"])
def test_what_is_with_a_person_is_not_forgotten(either: Settings, with_person: str) -> None:
    later = datetime.now(UTC) + timedelta(days=31)
    with open_keeping(either) as keeping:
        store = Store(keeping.said)
        store.hold("chat", "Ana") if with_person == "held" else store.call_person("chat")
        assert tidy(keeping, 30, later)["whole conversations"] == 0
        store.hold("chat", None)
        store.done_by_person("chat")
        assert tidy(keeping, 30, later)["whole conversations"] == 1


def test_what_the_agent_never_saw_becomes_old_too(either: Settings) -> None:
    with open_keeping(either) as keeping:
        store = Store(keeping.said)
        for name in ("asked", "opened"):
            store.create(name, "visitor")
        store.receive("asked", "m", "my phone is 555", {})
        assert tidy(keeping, 30, datetime.now(UTC) + timedelta(days=31))["whole conversations"] == 3
        assert [store.find(name) for name in ("asked", "opened")] == [None, None]


def test_a_customer_is_handed_out_and_erased_everywhere(either: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    run_export(data=either.data, email=MARIA)
    exported = json.loads(capsys.readouterr().out)
    assert {"customers", "orders", "returns", "labels", "outbox", "said", "e-mails"} <= exported.keys()
    run_erase(data=either.data, email=MARIA)
    receipt = capsys.readouterr().out
    assert json.loads(receipt)["rows"]["conversations"] == 1
    assert "lopez" not in receipt.lower()
    assert _traces(either, b"maria.lopez") == []


@pytest.fixture
def namesake(either: Settings) -> Settings:
    """A second customer: their address is the end of Maria's, their order number the beginning of hers."""
    address = "street1, street2, city, state, zip, country, phone"
    change(
        either,
        f"INSERT INTO customers (name, email, {address})"
        f" SELECT 'Pablo Lopez', '{PABLO}', {address} FROM customers WHERE email = '{MARIA}'",
    )
    change(
        either,
        "INSERT INTO orders (order_number, customer_id, status, ordered_at, carrier, tracking_code, note)"
        f" SELECT '12345', id, 'delivered', CURRENT_TIMESTAMP, '', '', '' FROM customers WHERE email = '{PABLO}'",
    )
    return either


def test_a_namesake_is_handed_out_nothing_of_others(namesake: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    run_export(data=namesake.data, email=PABLO)
    exported = json.loads(capsys.readouterr().out)
    assert exported["customers"][0]["name"] == "Pablo Lopez"
    assert (exported["said"], exported["e-mails"]) == ([], [])


def test_erasing_a_namesake_leaves_others_whole(namesake: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    run_erase(data=namesake.data, email=PABLO)
    assert json.loads(capsys.readouterr().out)["rows"] == {"customers (made anonymous)": 1}
    assert findings(namesake) == []


def test_a_namesakes_own_words_are_theirs(namesake: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with open_keeping(namesake) as keeping:
        store = Store(keeping.said)
        for name, words in {"by address": f"I am <{PABLO.upper()}>.", "by order": "Where is #12345?"}.items():
            store.create(name, "visitor")
            store.receive(name, "m", words, {})
    run_export(data=namesake.data, email=PABLO)
    said = json.loads(capsys.readouterr().out)["said"]
    assert {entry["conversation"] for entry in said} == {"by address", "by order"}


@pytest.mark.parametrize(
    "words", ["{}", "it's {}.", "<{}>", "mailto:{}?", "'{}'", "**{}**", "({}),", "“{}”", "email={}", "12/{}", "{}'s"]
)
def test_a_text_names_an_address(words: str) -> None:
    assert names_address(words.format(MARIA.title()), MARIA)


@pytest.mark.parametrize("words", ["ana.{}", "o'{}", "x+{}", "_{}", "é{}", "{}.au", "{}-x.de", "{}m"])
def test_a_text_names_another_address(words: str) -> None:
    assert not names_address(words.format(MARIA), MARIA)


@pytest.mark.parametrize(
    "words", ["{}", "order{}", "No.{}", "№{}", "#{}.", "{}/654321", "{},654321", "_{}_", "{}.Thanks", "{} from a@b.de"]
)
def test_a_text_names_an_order(words: str) -> None:
    assert names_order(words.format("123456"), "123456")


def test_a_shops_own_numbers_may_have_letters() -> None:
    assert names_order("where is ab-12?", "AB-12")
    assert not names_order("where is ab-123?", "AB-12")


@pytest.mark.parametrize("words", ["{}7", "0{}", "A{}", "A-{}", "{}-2", "{}.50", "3.{}", "{}@example.com", "x.{}@a.de"])
def test_a_text_names_another_order(words: str) -> None:
    assert not names_order(words.format("123456"), "123456")


def test_a_name_is_no_recipient() -> None:
    letter = EmailMessage()
    letter["To"] = f'"{PABLO}" <{MARIA}>, Ana <Ana@Example.com>'
    assert recipients(letter) == {MARIA, "ana@example.com"}


def _size(keeping: Keeping) -> int:
    with keeping.checkpoints() as run:
        return sum(run(f"SELECT count(*) FROM {table}")[0][0] for table in keeping.checkpoint_tables)


def _traces(settings: Settings, words: bytes) -> list[str]:
    """Where these words still stand: in files, and in rows that can be seen."""
    files = [file for file in settings.data.rglob("*") if file.is_file() and not file.match("*.db*")]
    found = [str(file) for file in files if words in file.read_bytes()]
    database = open_database(settings.shop_database_url)
    with database.connect() as connection:
        for table in ("customers", "returns", "outbox", "tickets"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            found += [table for row in rows if words.decode() in repr(row)]
    database.dispose()
    return found
