"""Nothing that is written for whoever runs the shop holds a customer's data or a key."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attacked_shop import MARIA, ORDER
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import String, select, update

from shopbot.apps.session import open_conversation_with
from shopbot.engines.recording.redaction import Redacting, redact
from shopbot.shop.database.connection import open_database
from shopbot.shop.database.models import Base
from shopbot.shop.demo.seed import build_demo
from shopbot.shop.settings import load_settings

sys.path.append(str(Path(__file__).parents[1]))
from chat_faults import Fault, Wire
from chat_server import ChatServer

API_KEY = "canarykey-4711-openai-verysecret"
CARRIER_KEY = "EZTKcanary4711carrierverysecret"
MAIL_PASSWORD = "canary4711mailpassword"
SECRETS = {API_KEY, CARRIER_KEY, MAIL_PASSWORD}
PLANTED = {
    "customers": ["name", "street1", "street2", "city", "phone"],
    "orders": ["note", "tracking_code", "carrier"],
    "order_items": ["name"],
}


@dataclass(frozen=True)
class Echo(Fault):
    """An error that quotes the whole request, its headers included."""

    code: int = 400

    def play(self, wire: Wire, streamed: bool) -> None:
        headers = dict(wire.headers.items())  # type: ignore[attr-defined]
        said = json.dumps({"headers": headers, "body": wire.chat.requests[-1]})  # type: ignore[attr-defined]
        wire.send(self.code, "application/json", json.dumps({"error": {"message": said}}).encode())


@pytest.fixture
def canaries(data_folder: Path) -> set[str]:
    """A demo shop with a word of its own in every text field; the words."""
    data_folder.mkdir(exist_ok=True)
    database = open_database(f"sqlite:///{data_folder / 'shop.db'}")
    build_demo(database, datetime.now(UTC))
    words = {MARIA}
    with database.begin() as connection:
        for table, columns in PLANTED.items():
            for column in columns:
                word = f"qz{table}{column}canary".replace("_", "")
                words.add(word)
                connection.execute(update(Base.metadata.tables[table]).values({column: word}))
    database.dispose()
    return words


def written(data: Path) -> str:
    """Every log file and trace under a data folder."""
    files = [*(data / "log").glob("*"), *data.glob("*.jsonl")]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def assert_clean(text: str, canaries: set[str]) -> None:
    found = [word for word in canaries | SECRETS if word.casefold() in text.casefold()]
    assert found == []


OPENING = f"I'd like to return everything from order {ORDER}, my e-mail is {MARIA}"


@pytest.mark.parametrize("code", [400, 401, 429, 500])
def test_a_server_that_echoes_the_request_gets_nothing_into_the_log(
    canaries: set[str], data_folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    with ChatServer(always=Echo(code)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("SHOPBOT_ENGINE_TIMEOUT_S", "2")
        settings = load_settings(data=data_folder, engine="openai:test-model", log_level="INFO")
        with open_conversation_with(settings, "chat") as conversation:
            reply = conversation.say(OPENING).turn.reply
    assert server.requests
    log = written(data_folder)
    assert log
    assert_clean(log + reply, {*canaries, ORDER})


def test_a_carrier_and_a_mail_server_that_fail_get_nothing_into_the_log(
    canaries: set[str], data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPBOT_TRACES", str(data_folder / "traces.jsonl"))
    (data_folder / "carrier").mkdir()
    plan = [{"operation": "create", "fault": "server_error", "times": 2}]
    (data_folder / "carrier" / "faults.json").write_text(json.dumps(plan))
    settings = load_settings(
        data=data_folder,
        log_level="INFO",
        smtp_url=f"smtp://shop:{MAIL_PASSWORD}@127.0.0.1:9",
        fulfilment_wait_s=4,
    )
    with open_conversation_with(settings, "chat") as conversation:
        conversation.say(OPENING)
        conversation.say("yes")
    text = written(data_folder)
    assert "try 1" in text
    assert "arrange_return" in text
    assert_clean(text, {MARIA, *(word for word in canaries if "customers" in word)})


def test_a_fault_of_the_program_says_nothing_of_the_customer(
    canaries: set[str], data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(shop: Any, *args: Any, **kwargs: Any) -> Any:
        with shop._context.database.connect() as connection:
            rows = [dict(row) for name in PLANTED for row in connection.execute(_all(name)).mappings()]
        raise RuntimeError(f"cannot work with {rows} under {data_folder} at http://internal.example/{API_KEY}")

    monkeypatch.setenv("SOME_API_KEY", API_KEY)
    monkeypatch.setattr("shopbot.shop.fulfilment.Fulfilment.arrange", fail)
    settings = load_settings(data=data_folder, log_level="INFO")
    with open_conversation_with(settings, "chat") as conversation:
        conversation.say(OPENING)
        reply = conversation.say("yes").turn.reply
    log = written(data_folder)
    assert "RuntimeError" in log
    assert_clean(log + reply, {*canaries, ORDER})
    assert str(data_folder) not in reply
    assert "internal.example" not in reply


def test_a_customer_reads_no_path_when_the_database_fails(canaries: set[str], data_folder: Path) -> None:
    settings = load_settings(data=data_folder)
    with open_conversation_with(settings, "chat") as conversation:
        conversation.say(OPENING)
        conversation.shop.database.dispose()
        for file in data_folder.glob("shop.db*"):
            file.write_bytes(b"damaged " * 4096)
        reply = conversation.say("yes").turn.reply
    assert str(data_folder) not in reply
    assert "shop.db" not in reply


def test_every_setting_that_is_secret_stays_out(data_folder: Path) -> None:
    settings = load_settings(data=data_folder, smtp_url=f"smtp://shop:{MAIL_PASSWORD}@127.0.0.1:9")
    from shopbot.shop.settings import secrets_of

    assert MAIL_PASSWORD in secrets_of(settings)


_FORMS = [
    "Authorization: Bearer {}",
    "{{'authorization': 'Bearer {}'}}",
    "x-api-key: {}",
    'api_key="{}"',
    "postgresql://shop:{}@db.example/shop",
    "https://h.example/?access_token={}&page=1",
    "password={}",
]


@given(st.from_regex(r"[A-Za-z0-9]{12,40}", fullmatch=True), st.sampled_from(_FORMS))
def test_what_looks_like_a_secret_is_taken_out(secret: str, form: str) -> None:
    assert secret not in redact(f"before {form.format(secret)} after")


def test_the_traceback_of_an_error_that_quotes_a_server_keeps_its_kind() -> None:
    class Refused(Exception):
        response = None

    try:
        raise Refused("the words of Qwertz Uiop, qwertz@example.com")
    except Refused:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", None, sys.exc_info())
    line = Redacting("%(message)s").format(record)
    assert "Refused" in line
    assert "Uiop" not in line


def _all(table: str) -> Any:
    columns = [column for column in Base.metadata.tables[table].c if isinstance(column.type, String)]
    return select(*columns)
