"""A server of the test's own on a free port of this machine, in a thread, and a customer who talks to it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from shopbot.apps.serve.run import Process, listen
from shopbot.apps.serve.serve_file import open_serve_file
from shopbot.apps.serve.server import FILE, SCHEMAS, Server
from shopbot.apps.serve.settings import ServeSettings
from shopbot.shop.settings import load_settings

SECRET = "a-secret-of-the-tests-that-is-long-enough"


@dataclass
class Running:
    """A server that answers at `url`."""

    server: Server
    url: str
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.Client:
        """An HTTP client of it, closed with it."""
        self.clients.append(httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=False))
        return self.clients[-1]

    def visit(self) -> Visitor:
        """A new customer."""
        made = self.client().post("/api/v1/conversations").json()
        return Visitor(self, made["id"], made["token"])


@dataclass
class Visitor:
    """A customer with a conversation of their own."""

    running: Running
    id: str
    token: str
    seen: int = 0
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.running.client(Authorization=f"Bearer {self.token}")

    @property
    def path(self) -> str:
        return f"/api/v1/conversations/{self.id}"

    def post(self, text: str, *, key: str = "", **more: Any) -> httpx.Response:
        """Send a message; does not wait for the reply."""
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        return self.client.post(f"{self.path}/messages", json={"text": text, **more}, headers=headers)

    def say(self, text: str, **more: Any) -> dict[str, Any]:
        """Send a message and wait for the reply."""
        sent = self.post(text, **more)
        assert sent.status_code == 202, sent.text
        return self.wait(sent.json()["seq"])

    def wait(self, after: int, seconds: float = 60) -> dict[str, Any]:
        """What was said next by somebody else than the customer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for entry in self.messages(after):
                if entry["speaker"] != "customer":
                    return entry
            time.sleep(0.02)
        raise AssertionError(f"no reply within {seconds} s")

    def messages(self, after: int = 0) -> list[dict[str, Any]]:
        """What was said after that entry; asked once more where a connection is gone, as browsers do."""
        try:
            came = self.client.get(f"{self.path}/messages", params={"cursor": after})
        except httpx.TransportError:
            came = self.client.get(f"{self.path}/messages", params={"cursor": after})
        found: list[dict[str, Any]] = came.json()["items"]
        return found

    @contextmanager
    def events(self, last: str = "") -> Iterator[Iterator[tuple[str, dict[str, Any], str]]]:
        """The conversation's events as (name, data, id)."""
        headers = {"Last-Event-ID": last} if last else {}
        with self.client.stream("GET", f"{self.path}/events", headers=headers) as response:
            assert response.status_code == 200
            yield _events(response.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any], str]]:
    event = {"event": "message", "data": "", "id": ""}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name in event:
            event[name] = value
        elif not line and event["data"]:
            yield event["event"], json.loads(event["data"]), event["id"]
            event = {"event": "message", "data": "", "id": ""}


@contextmanager
def running(data: Path, *, agent: str | None = None, port: int = 0, **given: Any) -> Iterator[Running]:
    """A server over the shop in `data`; it is ready, and gone at the end."""
    serve = ServeSettings(**{"rate": 0, **given})
    settings = load_settings(data=data, fulfilment_wait_s=20)
    listening = listen("127.0.0.1", port)
    with open_serve_file(data / FILE, *SCHEMAS) as file:
        server = Server(settings, serve, SECRET, file, host="127.0.0.1", agent=agent)
        process = Process(server, serve)
        thread = threading.Thread(target=lambda: asyncio.run(process.serve([listening])))
        thread.start()
        running = Running(server, f"http://127.0.0.1:{listening.getsockname()[1]}")
        try:
            _until_ready(running)
            yield running
        finally:
            for client in running.clients:
                client.close()
            process.should_exit = True
            thread.join()
            listening.close()


@contextmanager
def running_copy(shop: Path, data: Path, **given: Any) -> Iterator[Running]:
    """A server over a copy of that shop in `data`; settings of whoever runs the tests do not reach it."""
    shutil.copytree(shop, data)
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("SHOPBOT_")]:
            environment.delenv(name)
        with running(data, **given) as server:
            yield server


def _until_ready(running: Running) -> None:
    client = running.client()
    for _ in range(1200):
        with suppress(httpx.TransportError):
            if client.get("/ready").status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the server is not ready after a minute")
