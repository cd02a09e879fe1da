"""What is in the store as JSON for those who may read it."""

from __future__ import annotations

from typing import Any

from shopbot.apps.serve.store import Conversation, Entry

_SHOWN = ("awaiting", "question", "citations", "choices", "label", "plan", "who")


def entry_view(entry: Entry) -> dict[str, Any]:
    """An entry as the customer sees it."""
    return {
        "seq": entry.seq,
        "id": entry.id,
        "speaker": entry.speaker,
        "text": entry.text,
        "at": entry.at,
        **{name: entry.details[name] for name in _SHOWN if name in entry.details},
    }


def conversation_view(conversation: Conversation) -> dict[str, Any]:
    """A conversation as its owner sees it."""
    return {
        "id": conversation.id,
        "created_at": conversation.created_at,
        "title": conversation.title,
        "held_by_person": conversation.held_by is not None,
        "newest": conversation.newest,
    }
