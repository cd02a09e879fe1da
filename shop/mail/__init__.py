"""Mail: writes an outbox row as an e-mail and hands it to a mail server or to a local maildir.

It does not decide what to send or when, and it does not retry: `shopbot.shop.fulfilment` does.
"""

from shopbot.shop.mail.compose import Sender, compose
from shopbot.shop.mail.maildir import MaildirMailer
from shopbot.shop.mail.smtp import SmtpMailer
from shopbot.shop.mail.transport import Mailer, open_mailer
from shopbot.shop.mail.wording import LabelLine, LabelMail, Wording, word_label_mail

__all__ = [
    "LabelLine",
    "LabelMail",
    "MaildirMailer",
    "Mailer",
    "Sender",
    "SmtpMailer",
    "Wording",
    "compose",
    "open_mailer",
    "word_label_mail",
]
