"""Reading what a program's process wrote: bytes that may be anything, checked field by field in linear time."""

from __future__ import annotations

import json
import math

from shopbot.tools.interpreter.result import Answer, Failure, Result
from shopbot.tools.interpreter.sandbox.wire import FAILED, NOTHING, NUMBER, REFUSED, REPLY, TEXT

_MAX_NUMBER = 5_000
"""Characters; Python itself turns no more than 4,300 digits into an integer."""


class BadReply(ValueError):
    """The bytes are no reply."""


def parse_reply(data: bytes, output_limit: int) -> Result:
    """The result that a reply describes.

    Raises:
        BadReply: of another form, no Unicode, or longer than it may be.
    """
    kind, first, second, third, stdout = _split(data)
    _bound("stdout", stdout, output_limit)
    if kind == FAILED:
        return Result(stdout=stdout, error=_failure(first, second, third))
    if kind not in (NUMBER, TEXT, NOTHING):
        raise BadReply("not a reply")
    _bound("answer", first, output_limit)
    _bound("text", second, output_limit)
    _bound("type", third, 100)
    answer: Answer = _number(first) if kind == NUMBER else first
    return Result(answer=None if kind == NOTHING else answer, text=second, type=third, stdout=stdout)


def refusal_in(data: bytes) -> str | None:
    """Why a process refused to run a program; None when it did run it.

    Raises:
        BadReply: of another form.
    """
    if not data.startswith(REFUSED):
        return None
    _, reason, *_ = _split(data)
    _bound("reason", reason, 500)
    return reason or "no reason"


def _split(data: bytes) -> tuple[bytes, str, str, str, str]:
    if len(data) < REPLY.size:
        raise BadReply("not a reply")
    kind, *sizes = REPLY.unpack_from(data)
    if sum(sizes) != len(data) - REPLY.size:
        raise BadReply("not a reply")
    texts, begin = [], REPLY.size
    for size in sizes:
        try:
            texts.append(data[begin : begin + size].decode())
        except UnicodeDecodeError:
            raise BadReply("not a reply: no Unicode") from None
        begin += size
    return kind, texts[0], texts[1], texts[2], texts[3]


def _failure(kind: str, message: str, line: str) -> Failure:
    _bound("error", kind, 100)
    _bound("message", message, 500)
    number = int(line) if line.isascii() and line.isdigit() and len(line) < 10 else 0
    return Failure(kind or "Exception", message, number or None)


def _number(text: str) -> int | float | bool:
    _bound("number", text, _MAX_NUMBER)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, bool | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        raise BadReply("the answer is no JSON number")
    return value


def _bound(name: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise BadReply(f"{name} has more than {limit} characters")
