"""/v1/chat/completions and /v1/models as OpenAI's, so that programs made for those talk to the agent.

Their protocol has no conversation: every request brings all that was said. What was said so far, message by message,
finds the conversation again (by its digest), and is then no longer the end of it; of two conversations in which
exactly the same was said, either may be gone on with. A history that is not known begins a conversation anew: what a
client claims that the agent has said is not believed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shopbot.apps.serve.access import Caller, require
from shopbot.apps.serve.api import read_body
from shopbot.apps.serve.hub import Listener
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.server import Server, server_of
from shopbot.apps.serve.views import pieces
from shopbot.apps.session import MessageRefused, checked

REPLY_S = 300.0
"""How long a request waits for its reply."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: str
    text: str = ""


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        """Its words."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class _Completion(BaseModel):
    """A request; what the agent has no use for (temperature, tools, …) is left out."""

    model_config = ConfigDict(extra="ignore")

    messages: Annotated[list[_Message], Field(min_length=1, max_length=2_000)]
    model: str = ""
    stream: bool = False
    n: Literal[1, None] = 1


async def list_models(request: Request) -> Response:
    """The agent, as the one model there is."""
    server = server_of(request)
    require(server.access.caller(request), "chat")
    name = (await server.served).name
    return JSONResponse({"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": name}]})


async def complete(request: Request) -> Response:
    """The agent's reply to the last message of the user."""
    server = server_of(request)
    caller = server.access.caller(request)
    require(caller, "chat")
    server.limit(request, caller)
    asked: _Completion = await read_body(request, _Completion)
    served = await server.served
    if asked.model not in ("", served.name):
        raise Problem(404, f"There is no model {asked.model[:100]!r} here: ask for {served.name!r}.")
    if asked.messages[-1].role == "user" and not asked.messages[-1].text:
        raise Problem(422, "The last message holds no text; pictures and files are not read.")
    said = [(m.role, m.text) for m in asked.messages if m.role in ("user", "assistant") and m.text]
    if not said or said[-1][0] != "user":
        raise Problem(422, "The last message must be the user's.")
    try:
        words = checked(said[-1][1])
    except MessageRefused as refusal:
        raise Problem(422, str(refusal)) from None
    answer = _answer(server, caller, said, words)
    envelope = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": served.name}
    if asked.stream:
        return EventSourceResponse(_chunks(answer, envelope), sep="\n", ping=20, headers={"Cache-Control": "no-store"})
    return JSONResponse(_whole(envelope, await answer))


async def _answer(server: Server, caller: Caller, said: Sequence[tuple[str, str]], words: str) -> str:
    """Find or begin the conversation, say the words in it, wait for the reply, and remember where it ends."""
    before, whole = _digest(caller, said[:-1]), _digest(caller, said)
    known = await asyncio.to_thread(server.records.take_end, before) if len(said) > 1 else None
    conversation = known or server.access.new_conversation()
    if known is None:
        await asyncio.to_thread(server.store.create, conversation, caller.owner)
    with server.hub.listening(conversation) as listener:
        entry = await (await server.turns).receive(conversation, whole[:40] + uuid.uuid4().hex[:8], words, {})
        try:
            async with asyncio.timeout(REPLY_S):
                reply = await _reply(listener, entry.id)
        except TimeoutError:
            raise Problem(504, f"There was no reply within {REPLY_S:g} s.") from None
    end = _digest(caller, [*said, ("assistant", reply)])
    await asyncio.to_thread(server.records.keep_end, end, conversation)
    return reply


async def _reply(listener: Listener, message: str) -> str:
    """The words of the reply to that message, or of the person who answers instead of the agent."""
    said: dict[str | None, str] = {None: ""}
    while (event := await listener.queue.get()) is not None:
        if event.name == "message":
            said[event.data["id"]] = event.data["text"]
            if event.data["speaker"] == "staff":
                return str(event.data["text"])
        if event.name == "done" and event.data["message"] == message:
            return said[event.data["reply"]]
    raise Problem(503, "The server is stopping: send the request again.", {"Retry-After": "5"})


async def _chunks(answer: Any, envelope: dict[str, Any]) -> AsyncIterator[ServerSentEvent]:
    def chunk(delta: dict[str, str], finish: str | None = None) -> ServerSentEvent:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return ServerSentEvent(json.dumps({**envelope, "object": "chat.completion.chunk", "choices": [choice]}))

    yield chunk({"role": "assistant", "content": ""})
    try:
        reply = await answer
    except Problem as problem:
        error = {"message": str(problem), "type": "server_error", "code": problem.status}
        yield ServerSentEvent(json.dumps({"error": error}))
        return
    for piece in pieces(reply):
        yield chunk({"content": piece})
    yield chunk({}, "stop")
    yield ServerSentEvent("[DONE]")


def _whole(envelope: dict[str, Any], reply: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": reply}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return {**envelope, "object": "chat.completion", "choices": [choice], "usage": usage}


def _digest(caller: Caller, said: Sequence[tuple[str, str]]) -> str:
    """Stands for what was said so far to this caller."""
    return hashlib.sha256(json.dumps([caller.kind, caller.name, said]).encode()).hexdigest()
