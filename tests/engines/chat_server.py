"""A server that speaks the chat-completions wire format, streamed and not, and plays what a test scripts.

It is as strict about what it is sent as OpenAI's own: an assistant's tool call that is not answered by a tool message,
or an answer that nobody called for, is a 400. A step of its script:

    "text"                          an answer
    Call("name", {"a": 1})          a tool call; several in a list
    Call("name", "not JSON")        a tool call whose arguments are these very characters
    Status(500)                     an HTTP error
    None                            an answer without content
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

_PIECE = 7
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """A tool call that the model makes."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As the wire has it."""
        written = self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)
        return {
            "id": f"call_{next(_numbers)}",
            "type": "function",
            "function": {"name": self.name, "arguments": written},
        }


@dataclass(frozen=True)
class Status:
    """An HTTP error instead of an answer."""

    code: int


Step = str | Call | Sequence[Call] | Status | None


class ChatServer:
    """`with ChatServer(steps) as server:` serves at `server.url`; `requests` are the bodies it was sent."""

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self.steps = list(steps)
        self.requests: list[dict[str, Any]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.chat = self  # type: ignore[attr-defined]

    @property
    def url(self) -> str:
        """What goes into OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def offered(self) -> list[list[str]]:
        """The names of the tools that each request offered."""
        return [[tool["function"]["name"] for tool in request.get("tools", ())] for request in self.requests]

    def __enter__(self) -> ChatServer:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Serve no more; stopping twice is stopping once."""
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: ChatServer = self.server.chat  # type: ignore[attr-defined]
        server.requests.append(request)
        fault = wire_fault(request["messages"])
        if self.path != "/v1/chat/completions" or fault:
            self._send(400, {"error": {"message": fault or f"no such path: {self.path}"}})
            return
        step = server.steps.pop(0) if server.steps else Status(400)
        if isinstance(step, Status):
            self._send(step.code, {"error": {"message": "scripted failure", "type": "server_error"}})
        elif request.get("stream"):
            self._stream(step)
        else:
            self._send(200, _completion(_message(step)))

    def _send(self, code: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, step: Step) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in _chunks(_message(step)):
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


def _message(step: Step) -> dict[str, Any]:
    if step is None or isinstance(step, str):
        return {"role": "assistant", "content": step}
    assert not isinstance(step, Status)
    calls = [step] if isinstance(step, Call) else step
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [call.as_json() for call in calls if isinstance(call, Call)],
    }


def _completion(message: dict[str, Any]) -> dict[str, Any]:
    reason = "tool_calls" if "tool_calls" in message else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "test-model",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _chunks(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The message in small pieces, as a stream of deltas."""
    yield _chunk({"role": "assistant", "content": ""})
    for piece in _pieces(message["content"] or ""):
        yield _chunk({"content": piece})
    for index, call in enumerate(message.get("tool_calls", ())):
        named = {"name": call["function"]["name"], "arguments": ""}
        yield _chunk({"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": named}]})
        for piece in _pieces(call["function"]["arguments"]):
            yield _chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield _chunk({}, "tool_calls" if message.get("tool_calls") else "stop")


def _pieces(text: str) -> list[str]:
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]


def _chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "test-model",
        "choices": [choice],
    }


def wire_fault(messages: Sequence[dict[str, Any]]) -> str | None:
    """What OpenAI's server would refuse about these messages; None when they are in order."""
    open_calls: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return f"tool message for {message['tool_call_id']}, which no preceding message called"
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            return f"tool calls {sorted(open_calls)} were not answered"
        if message["role"] not in ("system", "user", "assistant"):
            return f"unknown role {message['role']}"
        open_calls = {call["id"] for call in message.get("tool_calls", ())}
    return f"tool calls {sorted(open_calls)} were not answered" if open_calls else None
