"""A wrong setting is named with its value, in one sentence, before anything is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Spoken, is_one_sentence

WRONG = {
    "SHOPBOT_CARRIER_PORT": "abc",
    "SHOPBOT_CARRIER_TIMEOUT_S": "-1",
    "SHOPBOT_CARRIER_URL": "easypost",
    "SHOPBOT_DATABASE_URL": "nonsense",
    "SHOPBOT_FULFILMENT_URL": "mysql://host/shop",
    "SHOPBOT_FULFILMENT_WAIT_S": "soon",
    "SHOPBOT_LOG_LEVEL": "LOUD",
    "SHOPBOT_SMTP_URL": "http://mail.example",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_named_with_its_value(
    name: str, shop_folder: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    monkeypatch.setenv(name, WRONG[name])
    spoken = chat_json(b"hello\n")
    assert (spoken.code, spoken.out) == (1, "")
    assert is_one_sentence(spoken.err)
    assert name in spoken.err
    assert WRONG[name] in spoken.err


@pytest.mark.parametrize("spec", ["foo", "openai:", "script:/no/such/file.yaml", "planner:large"])
def test_a_wrong_engine_is_named_with_what_is_allowed(
    spec: str, shop_folder: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    monkeypatch.setenv("SHOPBOT_ENGINE", spec)
    spoken = chat_json(b"hello\n")
    assert spoken.code == 1
    assert is_one_sentence(spoken.err)
    assert spec.partition(":")[2] in spoken.err


def test_an_order_database_that_nobody_serves_is_named_without_its_password(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    monkeypatch.setenv("SHOPBOT_DATABASE_URL", "postgresql://shop:secret@127.0.0.1:1/shop")
    spoken = chat_json(b"hello\n")
    assert spoken.code == 1
    assert is_one_sentence(spoken.err)
    assert "cannot be reached" in spoken.err
    assert "secret" not in spoken.err


@pytest.mark.parametrize("folder", ["file", "file/below", "/proc/shopbot"])
def test_a_data_folder_that_cannot_be_made_is_named(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SHOPBOT_DATA", str(tmp_path / folder))
    spoken = chat_json(b"hello\n")
    assert spoken.code == 1
    assert is_one_sentence(spoken.err)
    assert str(tmp_path / folder) in spoken.err


def test_a_carrier_port_that_is_taken_is_named(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("SHOPBOT_CARRIER_PORT", port)
        spoken = chat_json(b"hello\n")
    assert spoken.code == 1
    assert is_one_sentence(spoken.err)
    assert port in spoken.err
    assert "SHOPBOT_CARRIER_PORT" in spoken.err
