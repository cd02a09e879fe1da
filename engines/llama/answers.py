"""What was decoded, read back: thought, calls, reply."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field

from langchain_core.messages import InvalidToolCall, ToolCall

from shopbot.engines.llama.answer_grammar import CALL, CALL_ENDS, THINK, THOUGHT_ENDS


@dataclass
class Answer:
    """The parts of one answer."""

    reply: str = ""
    thought: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    broken: list[InvalidToolCall] = field(default_factory=list)


def read_answer(text: str) -> Answer:
    """The parts of `text`. A call that is cut short or no JSON object comes back as broken, never as a reply."""
    answer = Answer()
    rest = text.lstrip()
    if rest.startswith(THINK):
        thought, _, rest = rest.removeprefix(THINK).partition(THOUGHT_ENDS)
        answer.thought = thought.strip()
    reply, called, rest = rest.partition(CALL)
    answer.reply = reply.strip()
    while called:
        _, called, rest = _take(rest.lstrip(), answer).partition(CALL)
    return answer


def reply_so_far(text: str) -> str:
    """What of an unfinished answer is certainly reply and may be shown already."""
    if THINK.startswith(text.lstrip()[: len(THINK)]) and THOUGHT_ENDS not in text:
        return ""
    reply = text.partition(THOUGHT_ENDS)[2] if THOUGHT_ENDS in text else text
    reply = reply.lstrip().partition(CALL)[0]
    for length in range(len(CALL) - 1, 0, -1):
        if reply.endswith(CALL[:length]):
            return reply[:-length]
    return reply


def without_thought(text: str) -> str | None:
    """An unfinished answer without its thought; None while that is not finished."""
    if not text.startswith(THINK):
        return text
    return text.partition(THOUGHT_ENDS)[2].lstrip() if THOUGHT_ENDS in text else None


def new_id() -> str:
    """The id of a call."""
    return f"call_{uuid.uuid4().hex}"


def _take(text: str, answer: Answer) -> str:
    """Read the call that `text` begins with; what stands behind it."""
    number = new_id()
    try:
        call, end = json.JSONDecoder().raw_decode(text)
        if not (
            isinstance(call, dict) and isinstance(call.get("name"), str) and isinstance(call.get("arguments"), dict)
        ):
            raise ValueError("no JSON object with name and arguments")
        if "\ufffd" in text[:end]:
            raise ValueError("bytes that are no text")
    except ValueError as error:
        body, _, rest = text.partition(CALL_ENDS)
        name = body.partition('"name": "')[2].partition('"')[0] or None
        arguments = body.partition('"arguments": ')[2].strip()
        answer.broken.append(
            InvalidToolCall(name=name, args=arguments, id=number, error=str(error), type="invalid_tool_call")
        )
        return rest
    answer.calls.append(ToolCall(name=call["name"], args=call["arguments"], id=number, type="tool_call"))
    return text[end:]
