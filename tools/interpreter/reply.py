"""Reading what a program's process wrote: bytes that may be anything, checked field by field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from shopbot.tools.interpreter.result import Answer, Failure, Result

_SURROGATE = re.compile("[\ud800-\udfff]")


class BadReply(ValueError):
    """The bytes are no reply."""


def parse_reply(data: bytes, output_limit: int) -> Result:
    """The result that a reply describes.

    Raises:
        BadReply: not JSON, a field of the wrong type, or one that is too long.
    """
    reply = _parse(data)
    if not isinstance(reply.get("ok"), bool):
        raise BadReply("not a reply")
    stdout = _text(reply, "stdout", output_limit)
    if not reply["ok"]:
        return Result(stdout=stdout, error=_failure(reply))
    return Result(
        answer=_answer(reply, output_limit),
        text=_text(reply, "text", output_limit),
        type=_text(reply, "type", 100),
        stdout=stdout,
    )


def refusal_in(data: bytes) -> str | None:
    """Why a process refused to run a program as a plain one; None when it did run it.

    Raises:
        BadReply: not JSON, or the reason is no text.
    """
    reply = _parse(data) if data.startswith(b'{"refused"') else {}
    return _text(reply, "refused", 500) or None


def _parse(data: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadReply(f"not a reply: {type(error).__name__}") from None
    if not isinstance(reply, dict):
        raise BadReply("not a reply")
    return reply


def _failure(reply: Mapping[str, Any]) -> Failure:
    line = reply.get("line")
    if type(line) is not int or line < 1:
        line = None
    return Failure(_text(reply, "error", 100) or "Exception", _text(reply, "message", 500), line)


def _answer(reply: Mapping[str, Any], limit: int) -> Answer:
    answer = reply.get("answer")
    if isinstance(answer, str):
        return _text(reply, "answer", limit)
    if isinstance(answer, float) and not math.isfinite(answer):
        raise BadReply("the answer is no JSON number")
    if answer is None or isinstance(answer, bool | int | float):
        return answer
    raise BadReply("the answer is neither a number nor text")


def _text(reply: Mapping[str, Any], name: str, limit: int) -> str:
    value = reply.get(name, "")
    if not isinstance(value, str) or len(value) > limit:
        raise BadReply(f"{name} is no text of at most {limit} characters")
    # half of a surrogate pair is no text that could be sent on
    return value.encode("utf-8", "backslashreplace").decode() if _SURROGATE.search(value) else value


def _refuse(constant: str) -> NoReturn:
    raise BadReply(f"{constant} is no JSON number")
