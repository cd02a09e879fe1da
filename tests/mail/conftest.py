"""An outbox row with its label, and a real SMTP server that can misbehave."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shopbot.shop.database.models import OutboxMail
from shopbot.shop.mail import Sender

if TYPE_CHECKING:
    from mail_sink import MailSink


# The mail sink stands beside both folders that use it.
sys.path.append(str(Path(__file__).parents[1]))


@pytest.fixture
def sender() -> Sender:
    return Sender("Harbour & Pine", "returns@shop.example")


@pytest.fixture
def outbox_row(tmp_path: Path) -> Callable[..., OutboxMail]:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "return-7.pdf").write_bytes(b"%PDF-1.4 label")

    def make(**changes: object) -> OutboxMail:
        values: dict[str, object] = {
            "id": 1,
            "message_id": "<label-7a1@shop.example>",
            "return_id": 7,
            "recipient": "ada@customers.example",
            "subject": "Your return label for order 123456",
            "text": "Hello Ada,\n\nhere is the label.\n",
            "html": "<p>Hello Ada,</p>\n",
            "attachment": "labels/return-7.pdf",
            "created_at": datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        }
        return OutboxMail(**(values | changes))

    return make


@pytest.fixture
def sink() -> Iterator[MailSink]:
    from mail_sink import MailSink

    with MailSink() as server:
        yield server
