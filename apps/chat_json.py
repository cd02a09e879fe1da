"""`shopbot chat --json`: one customer message per input line, one JSON object per output line.

A line is the message itself; a line that is a JSON string, or an object with a "message", is decoded first. A bad
line is answered with an object that has an "error", and the conversation goes on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from shopbot.apps.lines import read_lines
from shopbot.apps.session import Answer, Conversation, MessageRefused, open_conversation
from shopbot.apps.terminal import tolerate
from shopbot.apps.warming import warming
from shopbot.errors import AgentError

MAX_LINE = 1_000_000
"""Bytes of a line that are kept in memory; JSON spells a character in at most six, so no good line is longer."""


def run_chat_json(*, data: Path | None, engine: str | None, thread: str) -> int:
    """Answer every line of standard input; returns the exit code."""
    tolerate(output_encoding="utf-8")
    with open_conversation(data, engine, thread) as conversation, warming(conversation):
        conversation.finish_interrupted_turn()
        for line in read_lines(sys.stdin.buffer, MAX_LINE):
            print(json.dumps(_answer(line.rstrip(b"\r\n"), conversation), ensure_ascii=False), flush=True)
    return 0


def _answer(line: bytes, conversation: Conversation) -> dict[str, Any]:
    try:
        return as_json(conversation.say(_message(line)))
    except AgentError as refusal:
        return {"error": str(refusal)}


def _message(line: bytes) -> str:
    """The message in a line.

    Raises:
        MessageRefused: too long, not UTF-8, or JSON that is broken or holds no message.
    """
    if len(line) > MAX_LINE:
        raise MessageRefused(f"The line has more than {MAX_LINE:,} bytes: send a shorter one.")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MessageRefused(f"The line is not UTF-8 (byte {error.start}): send UTF-8 text.") from None
    if not text.lstrip().startswith(("{", '"')):
        return text
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith('"'):
            return text
        raise MessageRefused(
            f"The line begins like JSON but is not ({error}): send plain text or valid JSON."
        ) from None
    if isinstance(decoded, dict):
        decoded = decoded.get("message")
    if not isinstance(decoded, str):
        raise MessageRefused('The JSON line holds no message: send {"message": "…"} or plain text.')
    return decoded


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer in the form that programs rely on."""
    turn = answer.turn
    return {
        "reply": turn.reply,
        "awaiting": turn.awaiting,
        "actions": [
            {"name": a.name, "args": dict(a.args), "status": a.status, "observation": a.observation}
            for a in turn.actions
        ],
        "citations": [dict(citation) for citation in turn.citations],
        "plan": [dict(step) for step in turn.plan],
        "engine": answer.engine,
        "ms": round(answer.ms, 1),
    }
