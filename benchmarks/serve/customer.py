"""A customer who talks to a server, with as little work of their own as can be: connections to send, one to listen."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import Any


class Customer:
    """One conversation. What was sent is kept until the reply has come, and sent again under the same key."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.id = ""
        self.token = ""
        self.last = 0
        self.entries: list[dict[str, Any]] = []
        self.first_event: float | None = None
        self.done = asyncio.Event()
        self._waiting = ""
        self._listening: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Begin a conversation and listen to it."""
        _, made = await self._request("POST", "/api/v1/conversations", {})
        self.id, self.token = made["id"], made["token"]
        self._listening = asyncio.create_task(self._listen())

    async def say(self, text: str, key: str, answer: dict[str, str] | None = None) -> tuple[float, float]:
        """Say something and wait for the reply; seconds to the first event and to the end of the turn."""
        self.first_event, self._waiting = None, key
        self.done.clear()
        began = time.perf_counter()
        body = {"text": text, "seen": self.last, **({"answer": answer} if answer else {})}
        while True:
            try:
                status, _ = await self._request("POST", f"/api/v1/conversations/{self.id}/messages", body, key)
                if status in (200, 202):
                    break
            except (OSError, asyncio.IncompleteReadError, ValueError):
                pass
            await asyncio.sleep(0.1)
        await self.done.wait()
        return (self.first_event or time.perf_counter()) - began, time.perf_counter() - began

    async def leave(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def _request(self, method: str, path: str, body: Any, key: str = "") -> tuple[int, Any]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            content = json.dumps(body).encode()
            head = (
                f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
            )
            head += f"Authorization: Bearer {self.token}\r\n" if self.token else ""
            head += f"Idempotency-Key: {key}\r\n" if key else ""
            writer.write(head.encode() + b"\r\n" + content)
            answer = await reader.read()
        finally:
            writer.close()
        status, _, rest = answer.partition(b"\r\n")
        return int(status.split()[1]), json.loads(rest.partition(b"\r\n\r\n")[2] or "null")

    async def _listen(self) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._read_events()
            await asyncio.sleep(0.1)

    async def _read_events(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(
                f"GET /api/v1/conversations/{self.id}/events HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {self.token}\r\nLast-Event-ID: {self.last}\r\n\r\n".encode()
            )
            name = ""
            while line := await reader.readline():
                field, _, value = line.partition(b": ")
                if field == b"event":
                    name = value.strip().decode()
                elif field == b"data":
                    self._hear(name, value)
        finally:
            writer.close()

    def _hear(self, name: str, value: bytes) -> None:
        if self.first_event is None and name != "message":
            self.first_event = time.perf_counter()
        if name != "message":
            return
        entry = json.loads(value)
        self.last = max(self.last, entry["seq"])
        self.entries.append(entry)
        if entry["speaker"] != "customer" and any(each["id"] == self._waiting for each in self.entries):
            self.done.set()
