"""What is in the store as JSON for those who may read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shopbot.apps.serve.store import Conversation, Entry

PIECE = 48
"""Characters of a reply that are sent in one event."""
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


def pieces(text: str) -> Iterator[str]:
    """The text in pieces that end between words."""
    while len(text) > PIECE:
        end = max(text.rfind(" ", 0, PIECE), text.rfind("\n", 0, PIECE)) + 1 or PIECE
        yield text[:end]
        text = text[end:]
    if text:
        yield text
