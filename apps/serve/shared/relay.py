"""What happens in a conversation, told to whoever listens at another worker, by PostgreSQL's LISTEN and NOTIFY.

An entry is told of in the transaction that keeps it (`tables`): whoever hears of it reads it from the store. What only
passes, such as progress, is gathered for a moment and sent together. When the connection was lost, every listener is
cut off, and reads on from where it was when it is back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading

import psycopg

from shopbot.agents.postgres.worker import WorkerFenced
from shopbot.apps.serve.hub import Event, Hub
from shopbot.apps.serve.replies import events_of
from shopbot.apps.serve.shared.store import SharedStore
from shopbot.apps.serve.shared.tables import CHANNEL, ServeTables

PASSING = "shopbot_passing"
GATHER_S = 0.03
AGAIN_S = 1.0
LARGEST = 7_900
"""Bytes that PostgreSQL takes in one notification; a larger event is not told of, since it only passes."""
_IN_ENTRIES = ("token", "citation", "question", "message")
logger = logging.getLogger(__name__)


class Relay:
    """Between the hub of this worker and those of the others."""

    def __init__(self, tables: ServeTables, store: SharedStore, hub: Hub) -> None:
        self._worker = tables.worker
        self._store = store
        self._hub = hub
        self._gathered: list[str] = []
        self._closing = threading.Event()
        hub.observers.append(self._gather)

    async def run(self) -> None:
        """Tell and hear until cancelled."""
        self._loop = asyncio.get_running_loop()
        listening = threading.Thread(target=self._listen, name="relay", daemon=True)
        listening.start()
        try:
            while True:
                await asyncio.sleep(GATHER_S)
                if self._gathered:
                    told, self._gathered = self._gathered, []
                    await asyncio.to_thread(self._send, told)
        finally:
            self._closing.set()
            await asyncio.to_thread(listening.join)

    def _gather(self, conversation: str, event: Event) -> None:
        if event.name not in _IN_ENTRIES:
            told = json.dumps([self._worker.id, conversation, event.name, dict(event.data)], default=str)
            if len(told) <= LARGEST:
                self._gathered.append(told)

    def _send(self, told: list[str]) -> None:
        try:
            with self._worker.connection() as connection:
                connection.execute("SELECT pg_notify(%s, told) FROM unnest(%s::text[]) AS told", (PASSING, told))
        except (psycopg.Error, WorkerFenced) as error:
            logger.warning("other workers cannot be told (%s)", error)

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                with self._worker.listening() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    connection.execute(f"LISTEN {PASSING}")
                    while not self._closing.is_set():
                        for heard in connection.notifies(timeout=0.5):
                            self._loop.call_soon_threadsafe(self._hear, heard.channel, heard.payload)
            except (psycopg.Error, OSError) as error:
                logger.warning("other workers cannot be heard (%s)", error)
                self._loop.call_soon_threadsafe(self._hub.cut_off)
                self._closing.wait(AGAIN_S)
            except WorkerFenced:
                return

    def _hear(self, channel: str, payload: str) -> None:
        if channel == CHANNEL:
            worker, conversation, seq = payload.split(" ")
            if worker != self._worker.id and self._hub.count(conversation):
                self._loop.create_task(self._tell_entry(conversation, int(seq)))
            return
        worker, conversation, name, data = json.loads(payload)
        if worker != self._worker.id:
            self._hub.tell(conversation, Event(name, data))

    async def _tell_entry(self, conversation: str, seq: int) -> None:
        for entry in await asyncio.to_thread(self._store.entries, conversation, seq - 1, 1):
            for event in events_of(entry):
                self._hub.tell(conversation, event)
