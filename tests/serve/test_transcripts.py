"""A transcript by e-mail goes to the verified address, once."""

from __future__ import annotations

import mailbox
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving import Running, Visitor


@pytest.fixture
def letters(served: Running) -> Callable[[], list[Any]]:
    """The letters that went out since the test began."""
    folder = Path(served.server.settings.data) / "mail"
    there = set(mailbox.Maildir(folder).keys()) if folder.exists() else set()

    def since() -> list[Any]:
        return [letter for key, letter in mailbox.Maildir(folder).items() if key not in there]

    return since


def test_without_a_verified_address_nothing_is_sent(visitor: Visitor, letters: Callable[[], list[Any]]) -> None:
    visitor.say("My address is somebody@else.example")
    refused = visitor.client.post(f"{visitor.path}/transcript")
    assert refused.status_code == 409
    assert "order number" in refused.json()["detail"]
    assert letters() == []


def test_it_goes_to_the_address_on_the_order_and_only_once(visitor: Visitor, letters: Callable[[], list[Any]]) -> None:
    visitor.say("Where is my order 123456, maria.lopez@example.com?")
    for _ in range(2):
        sent = visitor.client.post(f"{visitor.path}/transcript")
        assert (sent.status_code, sent.json()) == (202, {"recipient": "m…@example.com"})
    (letter,) = letters()
    assert letter["To"] == "maria.lopez@example.com"
    assert "You: Where is my order" in letter.get_payload(decode=True).decode()


def test_nobody_has_anothers_transcript_sent(served: Running, visitor: Visitor) -> None:
    assert served.visit().client.post(f"{visitor.path}/transcript").status_code == 404
