"""The journal of a conversation: what it received and did not answer yet, and its writes: begun, done or withdrawn.

It lies outside the checkpoints on purpose: a replay, a fork or a retry goes back in time with the checkpoints, but not
with the world. It must last as long as they do, so it is kept in the same place (`shopbot.agents.stores`).

A write has a row before it begins, by its idempotency key; its observation is added when it has returned. A row that
was begun and never finished belongs to a turn that was cut short: what became of it is looked up (`Action.lookup`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from langchain_core.messages import AnyMessage

from shopbot.tools.action import Citation, Observation

Status = Literal["begun", "done", "withdrawn"]


@dataclass(frozen=True)
class Write:
    """One row: a write with its idempotency key and, once it is done, what it observed."""

    key: str
    conversation: str
    call_id: str
    status: Status
    observation: Observation | None = None


class Journal(Protocol):
    """Remembers messages until they are answered and writes for good. Every method is atomic."""

    durable: bool
    """Whether it outlasts the process."""

    def receive(self, conversation: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """Keep `messages` until `answered`; returns those before them that a turn cut short has left unanswered."""

    def answered(self, conversation: str) -> None:
        """A turn of the conversation has ended and is in its checkpoints: forget what it received."""

    def begin(self, write: Write) -> Write | None:
        """Note that a write begins; the row that is there already, if one with this key, or withdrawn call, is."""

    def finish(self, key: str, observation: Observation | None) -> None:
        """Note what the write observed; None: it did not happen, and may be begun again."""

    def withdraw(self, conversation: str, call_id: str) -> None:
        """Note that this call must never run: the customer wrote something else before it did."""

    def of_calls(self, conversation: str, call_ids: Sequence[str]) -> dict[str, Write]:
        """The rows of these calls, by call id; of a call that had begun when it was withdrawn, that it began."""


class MemoryJournal:
    """A journal that lasts as long as the process."""

    durable = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writes: dict[str, Write] = {}
        self._received: dict[str, list[AnyMessage]] = {}

    def receive(self, conversation: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """See `Journal`."""
        with self._lock:
            earlier = self._received.get(conversation, [])
            self._received[conversation] = [*earlier, *messages]
            return list(earlier)

    def answered(self, conversation: str) -> None:
        """See `Journal`."""
        with self._lock:
            self._received.pop(conversation, None)

    def begin(self, write: Write) -> Write | None:
        """See `Journal`."""
        with self._lock:
            withdrawn = self._writes.get(withdrawal(write.conversation, write.call_id))
            there = withdrawn or self._writes.get(write.key)
            if there is None:
                self._writes[write.key] = write
            return there

    def finish(self, key: str, observation: Observation | None) -> None:
        """See `Journal`."""
        with self._lock:
            write = self._writes.pop(key)
            if observation is not None:
                self._writes[key] = Write(key, write.conversation, write.call_id, "done", observation)

    def withdraw(self, conversation: str, call_id: str) -> None:
        """See `Journal`."""
        key = withdrawal(conversation, call_id)
        with self._lock:
            self._writes[key] = Write(key, conversation, call_id, "withdrawn")

    def of_calls(self, conversation: str, call_ids: Sequence[str]) -> dict[str, Write]:
        """See `Journal`."""
        with self._lock:
            found = [w for w in self._writes.values() if w.conversation == conversation and w.call_id in call_ids]
        found.sort(key=lambda write: write.status != "withdrawn")
        return {write.call_id: write for write in found}


def withdrawal(conversation: str, call_id: str) -> str:
    """The key of the row that says that a call must never run."""
    return f"withdrawn {conversation} {call_id}"


def observation_of(stored: Mapping[str, Any]) -> Observation:
    """An observation as it was kept."""
    citations = tuple(Citation(**citation) for citation in stored["citations"])
    return Observation(**{**stored, "citations": citations})
