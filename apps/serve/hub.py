"""What happens in a conversation, told to whoever listens right now; what lasts is in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

LONGEST_QUEUE = 256
"""Events that a slow listener may be behind; then it is cut off, and reads on from where it was when it is back."""


@dataclass(frozen=True)
class Event:
    """One event; `seq` is that of an entry, and none for what passes."""

    name: str
    data: Mapping[str, Any]
    seq: int | None = None


class Listener:
    """One place at which the events of a conversation arrive; None when it was too slow, or the server stops."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(LONGEST_QUEUE)

    def tell(self, event: Event | None) -> None:
        """Take the event; a listener that is too far behind hears nothing more."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self._cut_off()

    async def until_done(self, message: str) -> bool:
        """Hear on until the turn of that message has ended; whether it has, or the server stops before."""
        while (event := await self.queue.get()) is not None:
            if event.name == "done" and event.data["message"] == message:
                return True
        return False

    def _cut_off(self) -> None:
        with suppress(asyncio.QueueEmpty):
            while True:
                self.queue.get_nowait()
        self.queue.put_nowait(None)


class Hub:
    """The listeners of every conversation. For one event loop."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}
        self.observers: list[Callable[[str, Event], None]] = []
        self.stopped = False

    @property
    def size(self) -> int:
        """How many listen now."""
        return sum(len(listeners) for listeners in self._listeners.values())

    def count(self, conversation: str) -> int:
        """How many listen to this conversation."""
        return len(self._listeners.get(conversation, ()))

    def publish(self, conversation: str, event: Event) -> None:
        """Tell everybody who listens to the conversation, and who observes all of them."""
        for observe in self.observers:
            observe(conversation, event)
        self.tell(conversation, event)

    def tell(self, conversation: str, event: Event) -> None:
        """Tell everybody who listens to the conversation."""
        for listener in tuple(self._listeners.get(conversation, ())):
            listener.tell(event)

    @contextmanager
    def listening(self, conversation: str) -> Iterator[Listener]:
        """A listener that hears what happens while the block runs."""
        listener = Listener()
        self._listeners.setdefault(conversation, set()).add(listener)
        if self.stopped:
            listener.tell(None)
        try:
            yield listener
        finally:
            left = self._listeners[conversation]
            left.discard(listener)
            if not left:
                del self._listeners[conversation]

    def stop(self) -> None:
        """End every stream, so that the server can."""
        self.stopped = True
        self.cut_off()

    def cut_off(self) -> None:
        """End every stream that is open; whoever comes back reads on from where they were."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.tell(None)
