"""REST under /api/v1: conversations and their messages. The widget and every program use the same endpoints."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shopbot.apps.readable import readable
from shopbot.apps.serve.access import Caller, require
from shopbot.apps.serve.problems import Problem, not_found
from shopbot.apps.serve.server import Server, server_of, wording
from shopbot.apps.serve.store import Conversation
from shopbot.apps.serve.views import conversation_view, entry_view
from shopbot.apps.session import MessageRefused, checked

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
LARGEST_PAGE = 200


class TypedAnswer(BaseModel):
    """A button that was pressed: the id of the question, and yes or no."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[str, Field(max_length=64)]
    value: Literal["yes", "no"]


class NewMessage(BaseModel):
    """What a customer says; `seen` is the number of the newest entry that was on the screen."""

    model_config = ConfigDict(extra="forbid")

    text: str
    answer: TypedAnswer | None = None
    seen: Annotated[int, Field(ge=0)] | None = None


async def create_conversation(request: Request) -> Response:
    """Begin a conversation: its id, and the token that continues it."""
    server = server_of(request)
    caller = server.access.caller(request)
    server.limit(request, caller)
    id = server.access.new_conversation()
    made = await asyncio.to_thread(server.store.create, id, caller.owner)
    return JSONResponse({**conversation_view(made), "token": server.access.session(id)}, 201)


async def list_conversations(request: Request) -> Response:
    """A page of the conversations, the newest words first; `cursor` begins the next page."""
    server = server_of(request)
    caller = server.access.caller(request)
    require(caller, "read")
    limit, before = whole_number(request, "limit", 50, LARGEST_PAGE), whole_number(request, "cursor", 0)
    found = await asyncio.to_thread(server.store.listed, before=before, limit=limit)
    cursor = str(found[-1].newest) if len(found) == limit else None
    return JSONResponse({"items": [conversation_view(each) for each in found], "cursor": cursor})


async def show_conversation(request: Request) -> Response:
    """One conversation, and whether the agent is at work on it."""
    server, conversation, _ = await own_conversation(request)
    return JSONResponse({**conversation_view(conversation), **(await server.turns).state(conversation.id)})


async def list_messages(request: Request) -> Response:
    """A page of what was said, oldest first; `cursor` begins the next page."""
    server, conversation, _ = await own_conversation(request, read=True)
    limit, after = whole_number(request, "limit", LARGEST_PAGE, LARGEST_PAGE), whole_number(request, "cursor", 0)
    found = await asyncio.to_thread(server.store.entries, conversation.id, after, limit)
    cursor = str(found[-1].seq) if len(found) == limit else None
    return JSONResponse({"items": [entry_view(entry) for entry in found], "cursor": cursor})


async def post_message(request: Request) -> Response:
    """Take a message; the reply comes as events. The same `Idempotency-Key` is the same message."""
    server, conversation, caller = await own_conversation(request)
    server.limit(request, caller)
    server.by_conversation.take(conversation.id)
    id = request.headers.get("idempotency-key") or uuid.uuid4().hex
    if not _ID.fullmatch(id):
        raise Problem(400, "The Idempotency-Key must have 8 to 64 letters, digits, - or _.")
    message = await read_body(request, NewMessage)
    try:
        text = checked(message.text)
    except MessageRefused as refusal:
        raise Problem(422, str(refusal)) from None
    details = message.model_dump(include={"answer", "seen"}, exclude_none=True)
    entry = await (await server.turns).receive(conversation.id, id, text, details)
    if (entry.speaker, entry.text) != ("customer", text):
        raise Problem(409, f"Another message has the Idempotency-Key {id} already: give every message its own.")
    return JSONResponse(entry_view(entry), 202)


async def link_label(request: Request) -> Response:
    """A link to the label of a return that this conversation arranged; it lasts some minutes."""
    server, conversation, _ = await own_conversation(request)
    return_id = request.path_params["return_id"]
    entries = await asyncio.to_thread(server.store.entries, conversation.id, 0, 10_000)
    if all((entry.details.get("label") or {}).get("return_id") != return_id for entry in entries):
        raise not_found("label")
    return JSONResponse({"url": f"/files/labels/{server.access.link(conversation.id, return_id)}"})


async def show_wording(request: Request) -> Response:
    """The words and the style of the chat, for the widget on a page of another site."""
    from shopbot.apps.serve.pages import static_text

    texts = {key: value for key, value in wording(server_of(request)).items() if key != "doing"}
    return JSONResponse({"texts": texts, "style": static_text("chat.css")})


async def read_body(request: Request, model: type[Any]) -> Any:
    """The request's body as that model.

    Raises:
        Problem: it is not JSON, or not like that.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "Send the body as application/json.")
    try:
        return model.model_validate(json.loads(await request.body()))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the body"
            raise Problem(422, f"{readable(where)[:200]}: {first['msg']}.") from None
        raise Problem(400, "The body is not valid JSON.") from None


async def own_conversation(request: Request, *, read: bool = False) -> tuple[Server, Conversation, Caller]:
    """The conversation in the path, if it is the caller's; with `read`, keys with that scope may look into any."""
    server = server_of(request)
    caller, id = server.access.caller(request), request.path_params["id"]
    if read and caller.kind == "key" and "read" in caller.scopes:
        found = await asyncio.to_thread(server.store.find, id)
        if found is None:
            raise not_found("conversation")
        return server, found, caller
    return server, await asyncio.to_thread(server.access.conversation, caller, id, server.store), caller


def whole_number(request: Request, name: str, default: int, most: int = 2**53) -> int:
    given = request.query_params.get(name, str(default))
    if not (given.isascii() and given.isdigit()) or not int(given[:20]) <= most:
        raise Problem(400, f"{name} must be a whole number up to {most}.")
    return int(given[:20])
