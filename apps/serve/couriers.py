"""Couriers: tell a channel outside of HTTP (Chatwoot, e-mail) what was said in its conversations, in order.

How far a conversation has been told is kept, so that a reply is sent although the server or the channel was away when
it was made; whoever dies right after sending sends it again.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from weakref import WeakValueDictionary

from shopbot.apps.serve.hub import Event
from shopbot.apps.serve.server import Server
from shopbot.apps.serve.store import Entry

TRIES = 5
PAUSE_S = 1.0
"""Before the second try; each further pause is twice as long."""
logger = logging.getLogger(__name__)


class Away(Exception):
    """The channel cannot be reached now; what was to be told is told later."""


class Courier(ABC):
    """Tells one channel; its conversations have `owner` as their owner, and ids that begin with it."""

    owner: str

    def __init__(self, server: Server) -> None:
        self.server = server
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._running: set[asyncio.Task[None]] = set()
        server.hub.observers.append(self._hear)

    @abstractmethod
    async def tell(self, entry: Entry) -> None:
        """Tell the channel what the agent or a person said.

        Raises:
            Away: it cannot be reached.
        """

    @abstractmethod
    async def call_person(self, conversation: str) -> None:
        """Tell the channel that the conversation waits for a person.

        Raises:
            Away: it cannot be reached.
        """

    async def catch_up(self) -> None:
        """Tell what an earlier process has not told."""
        for conversation in await asyncio.to_thread(self.server.records.untold, self.owner):
            self._start(conversation)

    async def close(self) -> None:
        """Stop; what was not told is told at the next start."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _hear(self, conversation: str, event: Event) -> None:
        is_ours = event.name == "message" and conversation.startswith(f"{self.owner}-")
        if is_ours and event.data["speaker"] != "customer":
            self._start(conversation)

    def _start(self, conversation: str) -> None:
        task = asyncio.get_running_loop().create_task(self._bring(conversation))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            waits = "a reply of the channel %r waits until the next message or start"
            logger.error(waits, self.owner, exc_info=task.exception())

    async def _bring(self, conversation: str) -> None:
        """Tell everything that has not been told."""
        store, records = self.server.store, self.server.records
        async with self._locks.setdefault(conversation, asyncio.Lock()):
            told = await asyncio.to_thread(records.told, conversation)
            for entry in await asyncio.to_thread(store.entries, conversation, told):
                if entry.speaker != "customer":
                    await patiently(partial(self.tell, entry))
                await asyncio.to_thread(records.keep_told, conversation, entry.seq)
            found = await asyncio.to_thread(store.find, conversation)
            if found is not None and found.needs_person:
                await patiently(partial(self.call_person, conversation))


async def patiently(deed: Callable[[], Awaitable[None]]) -> None:
    """Do it, up to `TRIES` times while the channel is away.

    Raises:
        Away: it still is.
    """
    for tried in range(TRIES):
        try:
            await deed()
            return
        except Away as away:
            logger.warning("%s", away)
            if tried + 1 == TRIES:
                raise
        await asyncio.sleep(PAUSE_S * 2**tried)
