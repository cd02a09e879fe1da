"""Chatwoot's agent bot: its webhooks come in, replies go out through its API.

The bot answers conversations that are pending; handing over sets one to open, and setting it back to pending in
Chatwoot gives it back.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shopbot.apps.readable import readable
from shopbot.apps.serve.couriers import Away, Courier
from shopbot.apps.serve.problems import Problem, not_found
from shopbot.apps.serve.server import Server, server_of
from shopbot.apps.serve.store import Entry
from shopbot.apps.session import MAX_MESSAGE

if TYPE_CHECKING:
    import httpx

OWNER = "chatwoot"
FRESH_S = 300
"""How old a signed webhook may be."""
logger = logging.getLogger(__name__)


class _Conversation(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    status: str


class _Account(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int


class Webhook(BaseModel):
    """What Chatwoot sends when a message was made, as far as it matters here."""

    model_config = ConfigDict(extra="ignore")

    event: str
    id: int = 0
    content: str | None = None
    message_type: str | int = ""
    private: bool = False
    account: _Account | None = None
    conversation: _Conversation | None = None

    @property
    def is_for_the_bot(self) -> bool:
        """Whether a customer wrote, in a conversation that the bot has."""
        incoming = self.event == "message_created" and self.message_type in ("incoming", 0) and not self.private
        return incoming and self.conversation is not None and self.conversation.status == "pending"


async def take_webhook(request: Request) -> Response:
    """Take a webhook whose signature is right; the reply goes out by itself."""
    server = server_of(request)
    secret = server.serve.chatwoot_secret
    if request.app.state.courier is None or secret is None:
        raise not_found()
    body = await request.body()
    check_signature(request.headers, body, secret.get_secret_value())
    try:
        hook = Webhook.model_validate(json.loads(body))
    except (ValueError, RecursionError, ValidationError):
        raise Problem(422, "This is no webhook of Chatwoot's.") from None
    text = readable(hook.content or "")[:MAX_MESSAGE]
    if not (hook.is_for_the_bot and text and hook.account and hook.conversation):
        return JSONResponse({"taken": False})
    conversation = f"{OWNER}-{hook.account.id}-{hook.conversation.id}"
    await asyncio.to_thread(server.store.create, conversation, OWNER)
    await (await server.turns).receive(conversation, f"{OWNER}-{hook.id}", text, {})
    return JSONResponse({"taken": True})


def check_signature(headers: Mapping[str, str], body: bytes, secret: str) -> None:
    """Let only fresh webhooks pass that were signed with the secret.

    Raises:
        Problem: the signature is missing, wrong or too old.
    """
    at, given = headers.get("x-chatwoot-timestamp", ""), headers.get("x-chatwoot-signature", "")
    expected = "sha256=" + hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    fresh = at.isascii() and at.isdigit() and len(at) < 16 and abs(time.time() - int(at)) <= FRESH_S
    if not (hmac.compare_digest(given.encode(), expected.encode()) and fresh):
        raise Problem(401, "The webhook's signature is missing, wrong or too old.")


class ChatwootCourier(Courier):
    """Tells Chatwoot through its API."""

    owner = OWNER

    def __init__(self, server: Server, client: httpx.AsyncClient) -> None:
        super().__init__(server)
        self._client = client

    async def tell(self, entry: Entry) -> None:
        """Post the reply."""
        await self._post(entry.conversation, "messages", {"content": entry.text, "message_type": "outgoing"})

    async def call_person(self, conversation: str) -> None:
        """Set the conversation to open: it is a person's then."""
        await self._post(conversation, "toggle_status", {"status": "open"})
        await asyncio.to_thread(self.server.store.done_by_person, conversation)

    async def _post(self, conversation: str, what: str, body: dict[str, str]) -> None:
        """Post; what Chatwoot refuses for good is in the log and passed over."""
        import httpx

        _, account, number = conversation.split("-")
        try:
            answer = await self._client.post(f"/api/v1/accounts/{account}/conversations/{number}/{what}", json=body)
        except httpx.TransportError as error:
            raise Away(f"Chatwoot cannot be reached: {type(error).__name__}") from error
        if answer.status_code >= 500:
            raise Away(f"Chatwoot answers with status {answer.status_code}")
        if answer.is_error:
            logger.error("Chatwoot refused %s with status %s", what, answer.status_code)


@asynccontextmanager
async def open_courier(server: Server) -> AsyncIterator[Courier | None]:
    """The courier, if Chatwoot is set up; it tells first what an earlier process has not told."""
    url, token = server.serve.chatwoot_url, server.serve.chatwoot_token
    if url is None or token is None:
        yield None
        return
    import httpx

    headers = {"api_access_token": token.get_secret_value()}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client:
        courier = ChatwootCourier(server, client)
        await courier.catch_up()
        try:
            yield courier
        finally:
            await courier.close()
