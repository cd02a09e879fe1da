"""The conversations: a list with search, one with its traces, taking over and giving back, and decisions."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shopbot.apps.serve.api import whole_number
from shopbot.apps.serve.desk.login import desk_page
from shopbot.apps.serve.desk_sessions import Session
from shopbot.apps.serve.hub import Event
from shopbot.apps.serve.problems import Problem, not_found
from shopbot.apps.serve.server import Server, server_of, wording
from shopbot.apps.serve.store import Conversation
from shopbot.apps.serve.views import entry_view
from shopbot.apps.session import MessageRefused, checked
from shopbot.prompts import load_data

PAGE = 50
EVERYTHING = 10_000


async def list_conversations(request: Request, session: Session) -> Response:
    """The conversations, the newest words first."""
    server = server_of(request)
    words, only = request.query_params.get("q", "")[:200], request.query_params.get("only", "")
    before = whole_number(request, "before", 0)
    found = await asyncio.to_thread(server.store.listed, before=before, limit=PAGE, words=words, only=only)
    older = found[-1].newest if len(found) == PAGE else None
    return desk_page("conversations", request, session, found=found, q=words, only=only, older=older)


async def show_conversation(request: Request, session: Session) -> Response:
    """One conversation, with how each message was answered."""
    server, conversation = await _conversation(request)
    entries = await asyncio.to_thread(server.store.entries, conversation.id, 0, EVERYTHING)
    turns = {turn.message: turn for turn in await asyncio.to_thread(server.records.turns, conversation.id)}
    traces = {id: json.dumps(turn.trace, indent=2, ensure_ascii=False) for id, turn in turns.items()}
    approval = await _pending(server, conversation.id)
    asked = approval and json.dumps(approval["args"], indent=2, ensure_ascii=False, default=str)
    values = {"conversation": conversation, "entries": entries, "turns": turns, "traces": traces}
    return desk_page("conversation", request, session, **values, approval=approval, arguments=asked)


async def take(request: Request, session: Session, fields: dict[str, str]) -> Response:
    """Speak instead of the assistant."""
    return await _hold(request, session.who, "held")


async def give_back(request: Request, session: Session, fields: dict[str, str]) -> Response:
    """Let the assistant speak again."""
    return await _hold(request, None, "given_back")


async def say(request: Request, session: Session, fields: dict[str, str]) -> Response:
    """Say something to the customer; only whoever has taken the conversation over may."""
    server, conversation = await _conversation(request)
    if conversation.held_by is None:
        raise Problem(409, "Take the conversation over first: the assistant is still speaking.")
    try:
        text = checked(fields.get("text", ""))
    except MessageRefused as refusal:
        raise Problem(422, str(refusal)) from None
    await _tell(server, conversation.id, "staff", text, {"who": session.who})
    return _back(conversation)


async def decide(request: Request, session: Session, fields: dict[str, str]) -> Response:
    """Decide on an action that waits for a person."""
    server, conversation = await _conversation(request)
    if await _pending(server, conversation.id) is None:
        raise Problem(409, "Nothing waits for a decision in this conversation any more.")
    decision = _decision(fields)
    what = load_data("serve/desk.yaml")["decided"].format(what=f"{decision['type']} ({session.who})")
    await _record(server, conversation.id, what)
    (await server.turns).decide(conversation.id, decision)
    return _back(conversation)


async def watch(request: Request, session: Session) -> Response:
    """Tell the open page whenever something was said."""
    server, conversation = await _conversation(request)
    return EventSourceResponse(_said(server, conversation.id), ping=20, headers={"Cache-Control": "no-store"})


async def _said(server: Server, conversation: str) -> AsyncIterator[ServerSentEvent]:
    with server.hub.listening(conversation) as listener:
        while (event := await listener.queue.get()) is not None:
            if event.name in ("message", "state"):
                yield ServerSentEvent("{}", event="changed")


def _decision(fields: dict[str, str]) -> dict[str, Any]:
    kind, words = fields.get("decision", ""), fields.get("message", "").strip()
    if kind == "edit":
        try:
            args = json.loads(fields.get("args", ""))
        except (ValueError, RecursionError):
            args = None
        if not isinstance(args, dict):
            raise Problem(422, load_data("serve/desk.yaml")["bad_arguments"])
        return {"type": "edit", "args": args}
    if kind in ("reject", "answer"):
        return {"type": kind, **({"message": words} if words else {"message": "-"})}
    if kind != "approve":
        raise Problem(422, f"The decision is {kind[:40]!r}: approve, edit, reject or answer.")
    return {"type": "approve"}


async def _pending(server: Server, conversation: str) -> dict[str, Any] | None:
    """The action that the conversation's agent waits with for a person's decision."""
    if not server.served.done() or server.served.exception() is not None:
        return None
    state = await server.served.result().agent.aget_state({"configurable": {"thread_id": conversation}})
    asked = next((each.value for each in state.interrupts), None)
    return asked if isinstance(asked, dict) and "action" in asked else None


async def _hold(request: Request, who: str | None, text: str) -> Response:
    server, conversation = await _conversation(request)
    if await asyncio.to_thread(server.store.hold, conversation.id, who):
        server.hub.publish(conversation.id, Event("state", {"held_by_person": who is not None}))
        await _tell(server, conversation.id, "notice", wording(server)[text], {})
    return _back(conversation)


async def _tell(server: Server, conversation: str, speaker: str, text: str, details: dict[str, Any]) -> None:
    entry = await asyncio.to_thread(server.store.say, conversation, uuid.uuid4().hex, speaker, text, details)
    server.hub.publish(conversation, Event("message", entry_view(entry), entry.seq))


async def _record(server: Server, conversation: str, text: str) -> None:
    await asyncio.to_thread(server.store.done_by_person, conversation)
    await _tell(server, conversation, "notice", text, {})


async def _conversation(request: Request) -> tuple[Server, Conversation]:
    server = server_of(request)
    found = await asyncio.to_thread(server.store.find, request.path_params["id"])
    if found is None:
        raise not_found("conversation")
    return server, found


def _back(conversation: Conversation) -> Response:
    return RedirectResponse(f"/desk/conversations/{conversation.id}", 303)
