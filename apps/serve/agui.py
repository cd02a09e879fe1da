"""/agui: the AG-UI protocol (1.0), by which front ends run an agent: a run is a message and the events of its turn.

A thread is a conversation of the caller's own. A question to confirm ends the run with an interrupt, and the `resume`
of the next run is the typed answer to it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from shopbot.apps.serve.access import Caller, require
from shopbot.apps.serve.api import read_body
from shopbot.apps.serve.hub import Event
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.server import Server, server_of
from shopbot.apps.serve.store import Entry
from shopbot.apps.serve.views import entry_view, pieces
from shopbot.apps.session import MessageRefused, checked
from shopbot.prompts import load_data

VERSION = "1.0"
Id = Annotated[str, Field(min_length=1, max_length=200)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


class _Message(_Wire):
    id: Id
    role: str
    content: Any = None

    @property
    def text(self) -> str:
        """Its words."""
        if isinstance(self.content, list):
            return "\n".join(str(part.get("text", "")) for part in self.content if isinstance(part, dict))
        return self.content if isinstance(self.content, str) else ""


class _Resume(_Wire):
    interrupt_id: Id
    status: Literal["resolved", "cancelled"]
    payload: Any = None

    @property
    def agrees(self) -> bool:
        """Whether the answer is yes: "yes", true, or an object whose `value` is one of them."""
        given = self.payload.get("value") if isinstance(self.payload, dict) else self.payload
        return self.status == "resolved" and (given is True or given == "yes")


class _Run(_Wire):
    thread_id: Id
    run_id: Id
    messages: Annotated[list[_Message], Field(max_length=2_000)]
    resume: list[_Resume] = []


async def run_agent(request: Request) -> Response:
    """One run, as a stream of events."""
    server = server_of(request)
    caller = server.access.caller(request)
    require(caller, "chat")
    server.limit(request, caller)
    asked: _Run = await read_body(request, _Run)
    id, text, details = _said(asked)
    conversation = _conversation(caller, asked.thread_id)
    await asyncio.to_thread(server.store.create, conversation, caller.owner)
    details["seen"] = await asyncio.to_thread(_seen, server, conversation, asked)
    events = _events(server, conversation, asked, id, text, details)
    return EventSourceResponse(events, sep="\n", ping=20, headers={"Cache-Control": "no-store"})


def _said(asked: _Run) -> tuple[str, str, dict[str, Any]]:
    """What is new in the run: the message's id, its words, and the typed answer if it is one.

    Raises:
        Problem: nothing is.
    """
    if asked.resume:
        answer, texts = asked.resume[0], load_data("serve/chat.yaml")
        value, words = ("yes", "agree_words") if answer.agrees else ("no", "decline_words")
        return f"agui-{asked.run_id}", texts[words], {"answer": {"question": answer.interrupt_id, "value": value}}
    last = next((message for message in reversed(asked.messages) if message.role == "user"), None)
    try:
        return f"agui-{last.id if last else ''}", checked(last.text if last else ""), {}
    except MessageRefused as refusal:
        raise Problem(422, str(refusal)) from None


def _seen(server: Server, conversation: str, asked: _Run) -> int:
    """The newest entry that the front end has: a run brings all its messages, replies under the ids they came with."""
    listed = {message.id for message in asked.messages if message.role == "assistant"}
    said = server.store.entries(conversation, 0, 10_000)
    return max((entry.seq for entry in said if entry.id in listed), default=0)


def _conversation(caller: Caller, thread: str) -> str:
    """The caller's conversation of that thread; the same thread of another caller is another one."""
    return "agui-" + hashlib.sha256(json.dumps([caller.kind, caller.name, thread]).encode()).hexdigest()[:40]


async def _events(
    server: Server, conversation: str, asked: _Run, id: str, text: str, details: dict[str, Any]
) -> AsyncIterator[ServerSentEvent]:
    run = {"threadId": asked.thread_id, "runId": asked.run_id}
    yield _sent("RUN_STARTED", **run, protocolVersion=VERSION)
    with server.hub.listening(conversation) as listener:
        entry = await (await server.turns).receive(conversation, id, text, details)
        translation = _Translation(run, entry.id)
        for event in await _already_said(server, entry):
            for sent in translation.of(event):
                yield sent
        while not translation.ended:
            heard = await listener.queue.get()
            if heard is None:
                yield _sent("RUN_ERROR", message="The server is stopping: run it again.", code="stopping")
                return
            for sent in translation.of(heard):
                yield sent


async def _already_said(server: Server, entry: Entry) -> list[Event]:
    """The reply to a message that was answered before, as events; none for one that is new."""
    if not entry.answered:
        return []
    later = await asyncio.to_thread(server.store.entries, entry.conversation, entry.seq)
    reply = next((each for each in later if each.speaker != "customer"), None)
    if reply is None:
        return []
    tokens = [Event("token", {"reply": reply.id, "text": piece}) for piece in pieces(reply.text)]
    done = Event("done", {"message": entry.id, "reply": reply.id})
    return [*tokens, Event("message", entry_view(reply), reply.seq), done]


class _Translation:
    """The conversation's events as those of the protocol; `ended` when the run has."""

    def __init__(self, run: dict[str, str], message: str) -> None:
        self._run = run
        self._message = message
        self._step = ""
        self._speaking = ""
        self._said: dict[str, Any] = {}
        self.ended = False

    def of(self, event: Event) -> Iterator[ServerSentEvent]:
        """What this event becomes."""
        if self.ended:
            return
        if event.name == "action":
            yield from self._begin_step(str(event.data["name"]))
        elif event.name == "plan":
            yield _sent("STATE_SNAPSHOT", snapshot=dict(event.data))
        elif event.name == "token":
            yield from self._speak(event)
        elif event.name == "message" and event.data["speaker"] != "customer":
            self._said = dict(event.data)
            yield from self._fall_silent()
        elif event.name == "done" and event.data["message"] == self._message:
            yield from self._end()

    def _begin_step(self, name: str) -> Iterator[ServerSentEvent]:
        yield from self._end_step()
        self._step = name
        yield _sent("STEP_STARTED", stepName=name)

    def _end_step(self) -> Iterator[ServerSentEvent]:
        if self._step:
            yield _sent("STEP_FINISHED", stepName=self._step)
        self._step = ""

    def _speak(self, event: Event) -> Iterator[ServerSentEvent]:
        yield from self._end_step()
        if not self._speaking:
            self._speaking = str(event.data["reply"])
            yield _sent("TEXT_MESSAGE_START", messageId=self._speaking, role="assistant")
        yield _sent("TEXT_MESSAGE_CONTENT", messageId=self._speaking, delta=event.data["text"])

    def _fall_silent(self) -> Iterator[ServerSentEvent]:
        if self._speaking:
            yield _sent("TEXT_MESSAGE_END", messageId=self._speaking)
        self._speaking = ""

    def _end(self) -> Iterator[ServerSentEvent]:
        yield from self._end_step()
        self.ended = True
        outcome: dict[str, Any] = {"type": "success"}
        if question := self._said.get("question"):
            wanted = {"type": "string", "enum": ["yes", "no"]}
            asked = {"id": question, "reason": "confirmation", "message": self._said["text"], "responseSchema": wanted}
            outcome = {"type": "interrupt", "interrupts": [asked]}
        yield _sent("RUN_FINISHED", **self._run, outcome=outcome)


def _sent(kind: str, **content: Any) -> ServerSentEvent:
    """An event on the wire; the protocol's own client knows no other line end than this one."""
    return ServerSentEvent(json.dumps({"type": kind, **content}, default=str), sep="\n")
