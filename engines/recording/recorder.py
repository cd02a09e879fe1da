"""The recorder: from a conversation and what an engine chose in it to a masked line of the trace file."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from shopbot.engines.protocol import CONFIDENCE
from shopbot.engines.recording.file import TraceFile
from shopbot.engines.recording.masking import Masker
from shopbot.engines.recording.trace_format import AllowedAction, Outcome, Speaker, Trace, write_action

logger = logging.getLogger(__name__)

_PERSONAL_FACTS = {
    "email": "EMAIL",
    "order_number": "ORDER",
    "tried_number": "ORDER",
    "tracking_code": "NUMBER",
    "phone": "PHONE",
    "street1": "ADDRESS",
    "street2": "ADDRESS",
    "city": "ADDRESS",
    "zip": "ADDRESS",
    "customer_name": "NAME",
}


@dataclass(frozen=True)
class Decision:
    """What an engine chose, unmasked: an action with its arguments, or a plain reply."""

    conversation: str
    messages: Sequence[AnyMessage]
    allowed: Iterable[AllowedAction]
    facts: Mapping[str, Any]
    engine: str
    answer: AIMessage
    choice: str | None
    args: Mapping[str, Any]
    outcome: Outcome


class Recorder:
    """Writes decisions to a file. Nothing that goes wrong here reaches the conversation."""

    def __init__(self, file: TraceFile) -> None:
        self._file = file

    def record(self, decision: Decision) -> None:
        """Write one decision, masked."""
        try:
            trace = masked_trace(decision)
        except Exception:
            logger.exception("a decision was not recorded")
            return
        self._file.append(trace)


def masked_trace(decision: Decision) -> Trace:
    """The decision as a trace, without a personal value: see `shopbot.engines.recording.masking` for what it can
    tell."""
    masker = Masker(_known(decision.facts))
    for _, value in _known(decision.facts):
        masker.learn(value)
    said = list(_spoken(decision.messages))
    for _, text in said:
        masker.learn(text)
    context = tuple((speaker, _masked(masker, speaker, text)) for speaker, text in said)
    return Trace(
        conversation=_pseudonym(decision.conversation or str(decision.messages[0].id if decision.messages else "")),
        turn=sum(isinstance(message, HumanMessage) for message in decision.messages),
        context=context,
        allowed=tuple(decision.allowed),
        choice=decision.choice,
        args=masker.mask_value(dict(decision.args)),
        reply=masker.mask(decision.answer.text) if decision.choice is None else "",
        score=decision.answer.response_metadata.get(CONFIDENCE),
        engine=decision.engine,
        outcome=decision.outcome,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@lru_cache(maxsize=1024)
def _pseudonym(conversation: str) -> str:
    """What stands for a conversation. Slow on purpose (some 30 ms, once a conversation): its thread may be a phone
    number, and those can be tried one by one."""
    return hashlib.pbkdf2_hmac("sha256", conversation.encode(), b"shopbot traces", 100_000, dklen=8).hex()


def _spoken(messages: Sequence[AnyMessage]) -> Iterator[tuple[Speaker, str]]:
    """A conversation as a trace has it."""
    for message in messages:
        if isinstance(message, HumanMessage):
            yield "User", message.text
        elif isinstance(message, ToolMessage):
            yield "Observation", message.text
        elif isinstance(message, AIMessage):
            if message.text.strip():
                yield "Agent", message.text
            for call in message.tool_calls:
                yield "Agent", write_action(call["name"], call["args"])


def _masked(masker: Masker, speaker: Speaker, text: str) -> str:
    return masker.mask_action(text) if speaker == "Agent" and text.startswith("[ACTION] ") else masker.mask(text)


def _known(facts: Any) -> Iterator[tuple[str, str]]:
    """Personal values among the facts, however deep."""
    if isinstance(facts, Mapping):
        for name, value in facts.items():
            if name in _PERSONAL_FACTS and isinstance(value, str):
                yield _PERSONAL_FACTS[name], value
            else:
                yield from _known(value)
    elif isinstance(facts, list | tuple):
        for value in facts:
            yield from _known(value)
