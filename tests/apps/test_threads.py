"""A conversation is kept under its thread and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from command_line import Spoken


def test_a_thread_resumes_where_it_was(shop_folder: Path, chat_json: Callable[..., Spoken]) -> None:
    chat_json(b"I want to return the jeans\n123456\n", thread="maria's")
    offered = chat_json(b"maria.lopez@example.com\n", thread="maria's").lines[-1]
    assert offered["awaiting"] == "confirmation"
    assert "$59.90" in offered["reply"]


def test_an_unknown_thread_is_a_new_conversation(shop_folder: Path, chat_json: Callable[..., Spoken]) -> None:
    first = chat_json(b"I want to return the jeans\n", thread="never seen 📦/../x").lines[-1]
    assert first["awaiting"] == "order_number"


def test_someone_else_does_not_resume_a_conversation(shop_folder: Path, chat_json: Callable[..., Spoken]) -> None:
    chat_json(b"I want to return the jeans of order 123456, maria.lopez@example.com\n")
    assert "59.90" not in chat_json(b"yes, go ahead\n").out


def test_who_resumes_is_welcomed_back(shop_folder: Path, chat: Callable[..., Spoken]) -> None:
    chat(b"hello\n", thread="t1")
    resumed = chat(b"", thread="t1")
    assert "welcome back" in resumed.out
    assert "--thread t1" in resumed.out
