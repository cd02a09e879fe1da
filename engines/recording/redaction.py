"""Redaction: what is written for whoever runs the program (logs, spans) without secrets and personal data.

Secrets are told by value (variables whose names say so, passwords in URLs, what a program names) and by shape.
Personal values are masked as in traces, and `known` ones whatever they look like. What another party said - a server's
answer, a database's rows in an error - is left out of exceptions, since anything may be quoted there.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from shopbot.engines.recording.masking import Masker

LONGEST = 20_000
"""Characters of a text that are kept."""
SECRET = "[SECRET]"
LEFT_OUT = "[what was answered is left out]"
_SHORTEST_SECRET = 6
_SHORTEST_KNOWN = 3
_SECRET_NAME = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^\s/@'\"]{1,500}(?=@)")
_SHAPES = (
    _USERINFO,
    re.compile(r"(?i)(?<=authorization)['\"]?\s{0,5}[:=]\s{0,5}['\"]?(?:\w{1,20}\s{1,5})?[^\s'\",}]{1,5000}"),
    re.compile(r"(?i)\b(?:bearer|basic)\s{1,5}[\w.~+/=-]{6,5000}"),
    re.compile(
        r"(?i)(?<![a-z])(?:x-)?(?:api[-_]?key|access[-_]?token|auth[-_]?token|password|secret|token|cookie)"
        r"['\"]?\s{0,5}[:=]\s{0,5}['\"]?[^\s'\",}&]{1,5000}"
    ),
    re.compile(r"\b(?:sk|pk|rk|xai|gsk|hf|ghp|gho|EZAK|EZTK|AKIA|AIza)[-_]?[A-Za-z0-9_-]{12,500}"),
    re.compile(r"\beyJ[\w-]{8,5000}\.[\w-]{1,5000}\.[\w-]{0,5000}"),
)
_QUOTING = ("response", "body", "http_body", "orig", "diag", "smtp_error", "recipients", "error_count")
"""Attributes of exceptions that quote others: HTTP clients, SQLAlchemy, psycopg, smtplib, pydantic."""


def redact(text: str, known: Iterable[str] = (), secrets: Iterable[str] = ()) -> str:
    """The text without secrets and personal values; cut after `LONGEST` characters. Linear in its length.

    Args:
        text: what is to be written.
        known: personal values that are to go whatever they look like, in any case of letters.
        secrets: values beside those that the environment names.
    """
    text = text[:LONGEST]
    for value in sorted({*secrets, *secrets_in(os.environ)}, key=len, reverse=True):
        text = text.replace(value, SECRET)
    for shape in _SHAPES:
        text = shape.sub(SECRET, text)
    for value in sorted({value for value in known if len(value) >= _SHORTEST_KNOWN}, key=len, reverse=True):
        text = re.sub(re.escape(value), "[PERSONAL]", text, flags=re.IGNORECASE)
    return Masker().mask(text)


def secrets_in(named: Mapping[str, str]) -> Iterator[str]:
    """The secret ones among named values: by their name, and the user and password of a URL."""
    for name, value in named.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            yield value
        for userinfo in _USERINFO.findall(value):
            _, _, password = userinfo.partition(":")
            yield from (part for part in {password, unquote(password)} if len(part) >= _SHORTEST_SECRET)


def told(error: BaseException) -> str:
    """What may be written about an error: its kind and status, and its words unless they quote somebody else."""
    name = type(error).__name__
    if not _quotes(error):
        return f"{name}: {error}" if str(error) else name
    status = getattr(error, "status_code", None) or getattr(error, "http_status", None)
    return f"{name} (status {status})" if isinstance(status, int) else name


class Redacting(logging.Formatter):
    """Formats log records without secrets and personal values, in messages and in tracebacks."""

    def __init__(self, form: str, secrets: Iterable[str] = ()) -> None:
        super().__init__(form)
        self._secrets = frozenset(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, with its traceback below."""
        clean = logging.makeLogRecord(record.__dict__)
        clean.msg, clean.args = self._redacted(_message(record)), None
        error = record.exc_info[1] if record.exc_info else None
        if record.exc_info and error is not None:
            clean.exc_text = self._redacted(_without_quotes(self.formatException(record.exc_info), error))
        return super().format(clean)

    def _redacted(self, text: str) -> str:
        return redact(text, secrets=self._secrets)


def _message(record: logging.LogRecord) -> str:
    args = record.args
    if isinstance(args, tuple):
        args = tuple(told(one) if isinstance(one, BaseException) else one for one in args)
    return logging.makeLogRecord({**record.__dict__, "args": args}).getMessage()


def _without_quotes(trace: str, error: BaseException) -> str:
    for one in _chain(error):
        if _quotes(one) and str(one):
            trace = trace.replace(str(one), LEFT_OUT)
    return trace


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _quotes(error: BaseException) -> bool:
    return any(hasattr(error, name) for name in _QUOTING)
