"""A conversation's events as server-sent events: what was missed since `Last-Event-ID`, then what happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from shopbot.apps.serve.api import own_conversation, whole_number
from shopbot.apps.serve.hub import Event, Listener
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.server import Server
from shopbot.apps.serve.views import entry_view

PING_S = 20
SEND_S = 30.0
"""How long a client may take to accept an event."""
MOST_PER_CONVERSATION = 12
MOST = 3_000


async def stream_events(request: Request) -> Response:
    """Every entry after `Last-Event-ID` (or `?after=`), then entries, tokens, plan and actions as they come."""
    server, conversation, _ = await own_conversation(request)
    if server.hub.count(conversation.id) >= MOST_PER_CONVERSATION or server.hub.size >= MOST:
        raise Problem(503, "Too many event streams are open: close one, or try again later.", {"Retry-After": "10"})
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else whole_number(request, "after", 0)
    events = _events(server, conversation.id, after, held=conversation.held_by is not None)
    return EventSourceResponse(events, ping=PING_S, send_timeout=SEND_S, headers={"Cache-Control": "no-store"})


async def _events(server: Server, conversation: str, after: int, *, held: bool) -> AsyncIterator[ServerSentEvent]:
    with server.hub.listening(conversation) as listener:
        while missed := await asyncio.to_thread(server.store.entries, conversation, after):
            for entry in missed:
                after = entry.seq
                yield _sent(Event("message", entry_view(entry), entry.seq))
        yield _sent(Event("state", {**(await server.turns).state(conversation), "held_by_person": held}))
        async for event in _heard(listener):
            if event.seq is None or event.seq > after:
                after = event.seq or after
                yield _sent(event)


async def _heard(listener: Listener) -> AsyncIterator[Event]:
    while (event := await listener.queue.get()) is not None:
        yield event


def _sent(event: Event) -> ServerSentEvent:
    """The event on the wire: JSON on one line, so that no text in it can begin another event."""
    data = json.dumps(event.data, ensure_ascii=True, default=str)
    return ServerSentEvent(data, event=event.name, id=None if event.seq is None else str(event.seq))
