"""Chatwoot's agent bot, against a double of Chatwoot that sends what Chatwoot documents and takes what it takes."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Running, running

from shopbot.apps.serve import couriers

SECRET = "what-signs-the-webhooks"
TOKEN = "the-token-of-the-bot"


class Chatwoot(ThreadingHTTPServer):
    """Takes API calls; `told` are the bodies by path, `failing` how many are refused first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.told: list[tuple[str, dict[str, Any], str]] = []
        self.failing = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def wait(self, count: int) -> list[tuple[str, dict[str, Any], str]]:
        """The calls so far, once there are that many."""
        deadline = time.monotonic() + 25
        while len(self.told) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.told


class _Api(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take a call."""
        assert isinstance(self.server, Chatwoot)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        failing = self.server.failing > 0
        self.server.failing -= failing
        if not failing:
            self.server.told.append((self.path, body, self.headers["api_access_token"]))
        self.send_response(503 if failing else 200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def chatwoot() -> Iterator[Chatwoot]:
    with Chatwoot() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", autouse=True)
def no_pauses() -> Iterator[None]:
    """It is not waited long before something is sent again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(couriers, "PAUSE_S", 0.01)
        yield


@pytest.fixture(scope="module")
def bot(built_shop: Path, tmp_path_factory: pytest.TempPathFactory, chatwoot: Chatwoot) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("chatwoot") / "data"
    shutil.copytree(built_shop, folder)
    with running(folder, chatwoot_url=chatwoot.url, chatwoot_token=TOKEN, chatwoot_secret=SECRET) as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_told(chatwoot: Chatwoot) -> None:
    chatwoot.told.clear()


def hook(content: str, *, id: int, conversation: int = 1, **changes: Any) -> dict[str, Any]:
    """A webhook as Chatwoot documents it for `message_created`."""
    return {
        "event": "message_created",
        "id": id,
        "content": content,
        "created_at": "2026-11-27T12:00:00Z",
        "message_type": "incoming",
        "content_type": "text",
        "content_attributes": {},
        "source_id": None,
        "private": False,
        "sender": {"id": 7, "name": "Maria", "email": "maria.lopez@example.com", "type": "contact"},
        "inbox": {"id": 3, "name": "Website"},
        "conversation": {"id": conversation, "inbox_id": 3, "status": "pending", "channel": "Channel::WebWidget"},
        "account": {"id": 2, "name": "Harbor & Pine"},
        **changes,
    }


def send(
    bot: Running, body: dict[str, Any], *, secret: str = SECRET, at: float | None = None, tampered: bytes = b""
) -> httpx.Response:
    content, stamp = json.dumps(body).encode(), str(int(time.time() if at is None else at))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + content, hashlib.sha256).hexdigest()
    headers = {"X-Chatwoot-Signature": f"sha256={signature}", "X-Chatwoot-Timestamp": stamp}
    return bot.client().post("/hooks/chatwoot", content=content + tampered, headers=headers)


def test_a_customer_is_answered_through_the_api(bot: Running, chatwoot: Chatwoot) -> None:
    assert send(bot, hook("How long do I have to return something?", id=1)).json() == {"taken": True}
    [(path, body, token)] = chatwoot.wait(1)
    assert path == "/api/v1/accounts/2/conversations/1/messages"
    assert body["message_type"] == "outgoing"
    assert "30 days" in body["content"]
    assert token == TOKEN


def test_a_webhook_that_comes_twice_is_answered_once(bot: Running, chatwoot: Chatwoot) -> None:
    send(bot, hook("Hello", id=20, conversation=2))
    send(bot, hook("Hello", id=20, conversation=2))
    send(bot, hook("What is 15% of 59.90?", id=21, conversation=2))
    assert len(chatwoot.wait(2)) == 2
    assert "8.985" in chatwoot.told[1][1]["content"]


def test_handing_over_opens_the_conversation(bot: Running, chatwoot: Chatwoot) -> None:
    send(bot, hook("I want to talk to a person", id=30, conversation=3))
    told = chatwoot.wait(2)
    assert told[1][:2] == ("/api/v1/accounts/2/conversations/3/toggle_status", {"status": "open"})


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation": {"id": 4, "status": "open"}},
        {"conversation": {"id": 4, "status": "resolved"}},
        {"message_type": "outgoing"},
        {"private": True},
        {"event": "conversation_updated"},
        {"content": None},
    ],
)
def test_what_is_not_for_the_bot_is_left_to_people(bot: Running, changes: dict[str, Any]) -> None:
    assert send(bot, hook("Hello", id=40, conversation=4) | changes).json() == {"taken": False}
    assert bot.server.store.find("chatwoot-2-4") is None


def test_a_wrong_signature_is_refused(bot: Running) -> None:
    body = hook("Hello", id=50, conversation=5)
    assert send(bot, body, secret="another").status_code == 401
    assert send(bot, body, tampered=b" ").status_code == 401
    assert send(bot, body, at=time.time() - 3600).status_code == 401
    assert bot.client().post("/hooks/chatwoot", json=body).status_code == 401


def test_a_reply_waits_for_a_chatwoot_that_is_away(bot: Running, chatwoot: Chatwoot) -> None:
    chatwoot.failing = 3
    send(bot, hook("Hello", id=60, conversation=6))
    assert len(chatwoot.wait(1)) == 1


def test_a_reply_that_was_not_sent_is_sent_at_the_next_start(
    bot: Running, chatwoot: Chatwoot, shop_folder: Path
) -> None:
    given = {"chatwoot_url": chatwoot.url, "chatwoot_token": TOKEN, "chatwoot_secret": SECRET}
    with running(shop_folder, chatwoot_url="http://127.0.0.1:9", chatwoot_token=TOKEN, chatwoot_secret=SECRET) as first:
        send(first, hook("Hello", id=70, conversation=7))
        while not [e for e in first.server.store.entries("chatwoot-2-7") if e.speaker == "bot"]:
            time.sleep(0.02)
    assert chatwoot.told == []
    with running(shop_folder, **given):
        assert chatwoot.wait(1)[0][0].endswith("/conversations/7/messages")


def test_without_chatwoot_there_is_no_hook(served: Running) -> None:
    assert send(served, hook("Hello", id=80)).status_code == 404
