"""What a mailer is, and which one the settings ask for."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING, Protocol

from shopbot.shop.mail.maildir import MaildirMailer
from shopbot.shop.mail.smtp import SmtpMailer

if TYPE_CHECKING:
    from shopbot.shop.settings import Settings


class Mailer(Protocol):
    """Takes one message at a time to where its recipient finds it."""

    def send(self, message: EmailMessage) -> None:
        """Deliver `message`; returning means that it was accepted.

        Raises:
            MailError: it was not accepted, or nobody knows; sending the same message again is safe.
        """


def open_mailer(settings: Settings) -> Mailer:
    """The mail server of `SHOPBOT_SMTP_URL`, else a maildir in the data folder.

    Raises:
        SettingsError: the URL cannot be used; the message says why.
    """
    if settings.smtp_url:
        return SmtpMailer(settings.smtp_url)
    return MaildirMailer(settings.data / "mail")
