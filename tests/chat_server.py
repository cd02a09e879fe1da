"""A server that speaks the chat-completions wire format, streamed and not, and plays what a test scripts.

It is as strict about what it is sent as OpenAI's own: an assistant's tool call that is not answered by a tool message,
or an answer that nobody called for, is a 400. A step of its script:

    "text"                          an answer
    Call("name", {"a": 1})          a tool call; several in a list
    Call("name", "not JSON")        a tool call whose arguments are these very characters
    ChatMessage("text", [Call(...)])       words beside tool calls
    None                            an answer without content
    Status(500), Hang(), ...        what can go wrong on the wire: see `chat_faults`
    a function                      from the request's body to one of these
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from chat_faults import Fault, Status

_PIECE = 7
_NOTHING_LEFT = Status(400)
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
class ChatMessage:
    """Words, tool calls, or both."""

    text: str
    calls: Sequence[Call] = ()


Step = str | Call | ChatMessage | Sequence[Call] | Fault | Callable[[dict[str, Any]], Any] | None


class ChatServer:
    """`with ChatServer(steps) as server:` serves at `server.url`.

    `requests` are the bodies it was sent, `times` when, `usage` what it charges for each answer. When its steps are
    used up it plays `always`.
    """

    def __init__(self, steps: Sequence[Step] = (), always: Step = _NOTHING_LEFT) -> None:
        self.steps = list(steps)
        self.always = always
        self.requests: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self.stopped = threading.Event()
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
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.chat.requests.append(request)
        self.chat.times.append(time.monotonic())
        fault = wire_fault(request["messages"])
        if self.path != "/v1/chat/completions" or fault:
            body = {"error": {"message": fault or f"no such path: {self.path}"}}
            self.send(400, "application/json", json.dumps(body).encode())
            return
        step = self.chat.steps.pop(0) if self.chat.steps else self.chat.always
        if callable(step):
            step = step(request)
        if isinstance(step, Fault):
            step.play(self, bool(request.get("stream")))
        elif request.get("stream"):
            self._stream(step, request)
        else:
            body = {**_completion(_message(step)), "usage": self.chat.usage}
            self.send(200, "application/json", json.dumps(body).encode())

    @property
    def chat(self) -> ChatServer:
        found: ChatServer = self.server.chat  # type: ignore[attr-defined]
        return found

    def send(self, code: int, content_type: str, body: bytes, *, length: int | None = None, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length or len(body)))
        self._end_head(content_type)
        self.write(body)

    def begin(self, content_type: str) -> None:
        self.send_response(200)
        self._end_head(content_type)

    def write(self, piece: bytes) -> bool:
        try:
            self.wfile.write(piece)
        except OSError:
            return False
        return True

    def wait(self, seconds: float | None = None) -> bool:
        return self.chat.stopped.wait(seconds)

    def _end_head(self, content_type: str) -> None:
        self.send_header("Content-Type", content_type)
        self.send_header("Connection", "close")
        self.end_headers()

    def _stream(self, step: Step, request: dict[str, Any]) -> None:
        self.begin("text/event-stream")
        for chunk in _chunks(_message(step)):
            self.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        if request.get("stream_options", {}).get("include_usage"):
            last = {**_chunk({}), "choices": [], "usage": self.chat.usage}
            self.write(b"data: " + json.dumps(last).encode() + b"\n\n")
        self.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


def _message(step: Step) -> dict[str, Any]:
    if step is None or isinstance(step, str):
        return {"role": "assistant", "content": step}
    if isinstance(step, Call):
        step = [step]
    assert not isinstance(step, Fault) and not callable(step)
    said = step if isinstance(step, ChatMessage) else ChatMessage("", step)
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    if said.calls:
        message["tool_calls"] = [call.as_json() for call in said.calls]
    return message


def _completion(message: dict[str, Any]) -> dict[str, Any]:
    reason = "tool_calls" if "tool_calls" in message else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "test-model",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
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
    size = max(_PIECE, len(text) // 1000)
    return [text[start : start + size] for start in range(0, len(text), size)]


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
