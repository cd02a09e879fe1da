"""A journal in any LangGraph store (`BaseStore`): for checkpointers that have no journal of their own.

A store cannot insert a row only where there is none. So a write begins by laying down a claim and reading all that
were laid down: whoever sees one beside his own has not begun. Of two processes that begin the same write in the same
instant both may see the other, and then neither does it, and both say that its outcome is not known.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from langchain_core.messages import AnyMessage, messages_from_dict, messages_to_dict
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from shopbot.agents.journal import Write, observation_of, withdrawal
from shopbot.tools.action import Observation

_ROOT = "agent_journal"
_AT_ONCE = 1000
"""Rows that are read at a time: more messages than anyone leaves unanswered, more claims than processes lay down."""


class StoreJournal:
    """See `shopbot.agents.journal.Journal`. Writes lie by their key, and by conversation which call began which."""

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.durable = not isinstance(store, InMemoryStore)

    def receive(self, conversation: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """See `Journal`."""
        place = _place("received", conversation)
        with self._lock:
            earlier = sorted(self._store.search(place, limit=_AT_ONCE), key=lambda row: row.key)
            first = int(earlier[-1].key) + 1 if earlier else 0
            for number, message in enumerate(messages_to_dict(messages), first):
                self._store.put(place, f"{number:09}", {"message": json.dumps(message)})
        return messages_from_dict([json.loads(row.value["message"]) for row in earlier])  # type: ignore[return-value]

    def answered(self, conversation: str) -> None:
        """See `Journal`."""
        place = _place("received", conversation)
        for row in self._store.search(place, limit=_AT_ONCE):
            self._store.delete(place, row.key)

    def begin(self, write: Write) -> Write | None:
        """See `Journal`."""
        place, claim = _place("writes", write.key), uuid.uuid4().hex
        with self._lock:
            there = self._withdrawn(write.conversation, write.call_id) or self._found(write.key)
            if there is not None:
                return there
            self._store.put(place, claim, {**_row(write), "status": "begun"})
            self._store.put(_place("calls", write.conversation), write.call_id, {"key": write.key})
            # Another process may have claimed or withdrawn it meanwhile: each lays down its own and looks then.
            there = self._withdrawn(write.conversation, write.call_id) or self._found(write.key, but=claim)
            if there is not None:
                self._store.delete(place, claim)
                self._store.delete(_place("calls", write.conversation), write.call_id)
                return there
        return None

    def finish(self, key: str, observation: Observation | None) -> None:
        """See `Journal`."""
        place = _place("writes", key)
        for row in self._store.search(place, limit=_AT_ONCE):
            if observation is None:
                self._store.delete(place, row.key)
            else:
                stored = json.dumps(asdict(observation), default=str)
                self._store.put(place, row.key, {**row.value, "status": "done", "observation": stored})

    def withdraw(self, conversation: str, call_id: str) -> None:
        """See `Journal`."""
        write = Write(withdrawal(conversation, call_id), conversation, call_id, "withdrawn")
        self._store.put(_place("writes", write.key), "withdrawn", {**_row(write), "status": "withdrawn"})

    def of_calls(self, conversation: str, call_ids: Sequence[str]) -> dict[str, Write]:
        """See `Journal`."""
        found = {call_id: self._of_call(conversation, call_id) for call_id in call_ids}
        return {call_id: write for call_id, write in found.items() if write is not None}

    def _of_call(self, conversation: str, call_id: str) -> Write | None:
        began = self._store.get(_place("calls", conversation), call_id)
        return (self._found(began.value["key"]) if began else None) or self._withdrawn(conversation, call_id)

    def _withdrawn(self, conversation: str, call_id: str) -> Write | None:
        return self._found(withdrawal(conversation, call_id))

    def _found(self, key: str, *, but: str = "") -> Write | None:
        """The write with this key; one that is done before one that is not."""
        rows = [row.value for row in self._store.search(_place("writes", key), limit=_AT_ONCE) if row.key != but]
        rows.sort(key=lambda row: str(row["status"]) != "done")
        return _write_of(rows[0]) if rows else None


def _place(kind: str, of: str) -> tuple[str, ...]:
    """A namespace; its labels may not be empty nor hold every sign."""
    return (_ROOT, kind, hashlib.sha256(of.encode()).hexdigest())


def _row(write: Write) -> dict[str, Any]:
    return {"key": write.key, "conversation": write.conversation, "call_id": write.call_id, "observation": None}


def _write_of(row: dict[str, Any]) -> Write:
    stored = row["observation"]
    observation = observation_of(json.loads(stored)) if stored else None
    return Write(row["key"], row["conversation"], row["call_id"], row["status"], observation)
