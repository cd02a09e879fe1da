"""Mail goes to a local maildir."""

from __future__ import annotations

import mailbox
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from shopbot.shop.database.models import OutboxMail
from shopbot.shop.errors import MailError
from shopbot.shop.mail import MaildirMailer, Sender, compose, open_mailer
from shopbot.shop.settings import Settings


@pytest.fixture
def message(outbox_row: Callable[..., OutboxMail], sender: Sender, tmp_path: Path) -> EmailMessage:
    return compose(outbox_row(), sender, tmp_path)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def test_a_mail_reader_opens_it(message: EmailMessage, tmp_path: Path) -> None:
    MaildirMailer(tmp_path / "mail").send(message)
    (found,) = mailbox.Maildir(str(tmp_path / "mail"), create=False).values()
    assert found["Message-ID"] == message["Message-ID"]


def test_the_same_message_twice_leaves_one_file(message: EmailMessage, tmp_path: Path) -> None:
    MaildirMailer(tmp_path / "mail").send(message)
    MaildirMailer(tmp_path / "mail").send(message)
    assert len(_files(tmp_path / "mail")) == 1


def test_a_message_that_was_read_is_not_delivered_again(message: EmailMessage, tmp_path: Path) -> None:
    MaildirMailer(tmp_path / "mail").send(message)
    (file,) = (tmp_path / "mail" / "new").iterdir()
    file.rename(tmp_path / "mail" / "cur" / f"{file.name}:2,S")
    MaildirMailer(tmp_path / "mail").send(message)
    assert len(_files(tmp_path / "mail")) == 1


def test_another_message_is_another_file(outbox_row: Callable[..., OutboxMail], sender: Sender, tmp_path: Path) -> None:
    for number in (1, 2):
        row = outbox_row(message_id=f"<label-{number}@shop.example>")
        MaildirMailer(tmp_path / "mail").send(compose(row, sender, tmp_path))
    assert len(_files(tmp_path / "mail")) == 2


def test_a_folder_that_cannot_be_written_is_named(message: EmailMessage, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("not a folder")
    with pytest.raises(MailError, match=f"{tmp_path / 'mail'}"):
        MaildirMailer(tmp_path / "mail").send(message)


def test_without_a_server_mail_goes_to_the_data_folder(message: EmailMessage, tmp_path: Path) -> None:
    open_mailer(Settings(data=tmp_path)).send(message)
    assert len(_files(tmp_path / "mail" / "new")) == 1
