"""A mail server over SMTP, by URL.

What can be promised is at-least-once with a fixed Message-ID: a connection lost after DATA but before the
server's answer leaves the outcome unknown, so the message is sent again, byte for byte the same. Once the
server has answered 250 the message is sent, whatever happens to the connection then.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from shopbot.shop.errors import MailError
from shopbot.shop.settings import SettingsError

_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where and how to hand mail over; `timeout_s` is for every single answer of the server."""

    host: str
    port: int
    tls: bool = False
    starttls: bool = False
    user: str = ""
    password: str = ""
    timeout_s: float = 20.0

    def __repr__(self) -> str:
        return f"{self.host}:{self.port}"


class SmtpMailer:
    """Sends through `smtp://user:password@host:port?starttls=1&timeout=20` or `smtps://…`.

    Raises:
        SettingsError: the URL cannot be used.
    """

    def __init__(self, url: str) -> None:
        self.server = read_smtp_url(url)

    def send(self, message: EmailMessage) -> None:
        """Hand the message over.

        Raises:
            MailError: the server is down, says no, or went away before it answered.
        """
        try:
            with self._connection() as connection:
                connection.send_message(message)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise MailError(
                f"The mail server {self.server!r} did not take the e-mail ({_reason(error)}): "
                "check SHOPBOT_SMTP_URL and the server; it is tried again."
            ) from error

    @contextlib.contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        connection = _connect(self.server)
        try:
            _secure(connection, self.server)
            yield connection
            # The message is accepted by now: a server that hangs up instead of saying goodbye changes
            # nothing.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
        finally:
            connection.close()


def read_smtp_url(url: str) -> MailServer:
    """Read `SHOPBOT_SMTP_URL`.

    Raises:
        SettingsError: one sentence that says what is wrong, without the password.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _unusable(parts, "it must look like smtp://user:password@host:port or smtps://host")
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    unknown = sorted(set(options) - {"starttls", "timeout"})
    if unknown:
        raise _unusable(parts, f"{unknown[0]!r} is not an option; starttls and timeout are")
    return MailServer(
        host=parts.hostname,
        port=_port(parts),
        tls=parts.scheme == "smtps",
        starttls=_switch(parts, options.get("starttls", "0")),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        timeout_s=_seconds(parts, options.get("timeout", "20")),
    )


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise _unusable(parts, "the port is not a number from 1 to 65535") from None


def _switch(parts: SplitResult, value: str) -> bool:
    if value not in ("0", "1"):
        raise _unusable(parts, f"starttls is {value!r}; it can be 0 or 1")
    return value == "1"


def _seconds(parts: SplitResult, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise _unusable(parts, f"timeout is {value!r}; it is a number of seconds up to 600")
    return seconds


def _unusable(parts: SplitResult, reason: str) -> SettingsError:
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{'?' if parts.query else ''}{parts.query}"
    return SettingsError(f"SHOPBOT_SMTP_URL is {shown!r}: {reason}.")


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)


def _secure(connection: smtplib.SMTP, server: MailServer) -> None:
    if server.starttls:
        connection.starttls(context=ssl.create_default_context())
    if server.user:
        connection.login(server.user, server.password)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, refusal = next(iter(error.recipients.values()))
        return f"{code} {refusal.decode(errors='replace')}"
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return " ".join(str(error).split()) or type(error).__name__
