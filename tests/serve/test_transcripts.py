"""A transcript by e-mail goes to the verified address, once."""

from __future__ import annotations

import mailbox
from pathlib import Path
from typing import Any

from serving import Running, Visitor


def letters(served: Running) -> list[Any]:
    folder = Path(served.server.settings.data) / "mail"
    return list(mailbox.Maildir(folder)) if folder.exists() else []


def test_without_a_verified_address_nothing_is_sent(served: Running, visitor: Visitor) -> None:
    visitor.say("My address is somebody@else.example")
    refused = visitor.client.post(f"{visitor.path}/transcript")
    assert refused.status_code == 409
    assert "order number" in refused.json()["detail"]
    assert letters(served) == []


def test_it_goes_to_the_address_on_the_order_and_only_once(served: Running, visitor: Visitor) -> None:
    visitor.say("Where is my order 123456, maria.lopez@example.com?")
    for _ in range(2):
        sent = visitor.client.post(f"{visitor.path}/transcript")
        assert (sent.status_code, sent.json()) == (202, {"recipient": "m…@example.com"})
    (letter,) = letters(served)
    assert letter["To"] == "maria.lopez@example.com"
    assert "You: Where is my order" in letter.get_payload(decode=True).decode()


def test_nobody_has_anothers_transcript_sent(served: Running, visitor: Visitor) -> None:
    assert served.visit().client.post(f"{visitor.path}/transcript").status_code == 404
