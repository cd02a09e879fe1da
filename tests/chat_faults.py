"""What a model's server can do wrong on the wire. A fault is a step of `ChatServer`, played once.

Status(429, "30")         an HTTP error, with a Retry-After if one is given
Hang()                    no answer at all
Cut("text")               an answer that stops in the middle, as a clean end of the connection
Drip()                    a byte now and then, for ever
Body("text/html", "...")  something that is no answer, with status 200
NoChoices()               an answer without choices
ErrorEvent()              a stream that turns into an error; without a stream, status 500
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol


class Wire(Protocol):
    """What a fault writes to."""

    def send(self, code: int, content_type: str, body: bytes, *, length: int | None = None, **headers: str) -> None:
        """A whole answer, with a Content-Length that may be wrong."""

    def begin(self, content_type: str) -> None:
        """The head of an answer that ends with the connection."""

    def write(self, piece: bytes) -> bool:
        """A piece of the body; False when the client has gone."""

    def wait(self, seconds: float | None = None) -> bool:
        """Wait, until the server stops at most; True when it has."""


class Fault:
    """Something other than an answer."""

    def play(self, wire: Wire, streamed: bool) -> None:
        """Do it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Status(Fault):
    """An HTTP error instead of an answer."""

    code: int
    retry_after: str | None = None

    def play(self, wire: Wire, streamed: bool) -> None:
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        body = json.dumps({"error": {"message": "scripted failure", "type": "server_error"}})
        wire.send(self.code, "application/json", body.encode(), **headers)


@dataclass(frozen=True)
class Hang(Fault):
    """The request is taken and never answered."""

    def play(self, wire: Wire, streamed: bool) -> None:
        wire.wait()


@dataclass(frozen=True)
class Cut(Fault):
    """Half an answer, then the end of the connection."""

    text: str = "This sentence will never come to its"

    def play(self, wire: Wire, streamed: bool) -> None:
        if streamed:
            wire.begin("text/event-stream")
            for word in self.text.split():
                wire.write(_event({"content": word + " "}))
        else:
            whole = json.dumps(_completion(self.text)).encode()
            wire.send(200, "application/json", whole[: len(whole) // 2], length=len(whole))


@dataclass(frozen=True)
class Drip(Fault):
    """Signs of life, but never a piece of the answer."""

    def play(self, wire: Wire, streamed: bool) -> None:
        wire.begin("text/event-stream" if streamed else "application/json")
        while wire.write(b": still there\n\n" if streamed else b" ") and not wire.wait(0.02):
            pass


@dataclass(frozen=True)
class Body(Fault):
    """A body of the wrong kind with a status that says all is well."""

    content_type: str
    text: str

    def play(self, wire: Wire, streamed: bool) -> None:
        wire.send(200, self.content_type, self.text.encode())


@dataclass(frozen=True)
class NoChoices(Fault):
    """The right shape with nothing in it."""

    def play(self, wire: Wire, streamed: bool) -> None:
        if streamed:
            wire.begin("text/event-stream")
            wire.write(_line({**_completion(""), "object": "chat.completion.chunk", "choices": []}) + _line("[DONE]"))
        else:
            wire.send(200, "application/json", json.dumps({**_completion(""), "choices": []}).encode())


@dataclass(frozen=True)
class ErrorEvent(Fault):
    """The server gives up in the middle of its stream and says so."""

    def play(self, wire: Wire, streamed: bool) -> None:
        if not streamed:
            Status(500).play(wire, streamed)
            return
        wire.begin("text/event-stream")
        wire.write(_event({"content": "Well, "}) + _line({"error": {"message": "overloaded", "type": "server_error"}}))


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "test-model", "choices": [choice]}


def _event(delta: dict[str, Any]) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return _line({**_completion(""), "object": "chat.completion.chunk", "choices": [choice]})


def _line(data: Any) -> bytes:
    return b"data: " + (data if isinstance(data, str) else json.dumps(data)).encode() + b"\n\n"
