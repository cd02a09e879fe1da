"""CPU time of ours for one call of a hosted model, beside LangChain's own model on the same server.

The server is a process of its own and answers at once, so that what is left is the client: LangChain, the openai
package, HTTP, and what this project adds: retries, deadlines, the watch on streams, prices. Engine and bare model take
turns with the same messages and the same actions; each figure is the median over the rounds. The last two rows are
whole turns of an agent, LangChain's and ours with every guard on.

    .venv/bin/python benchmarks/bench_engines.py [ROUNDS]
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

LIMIT_MS = 2.0
USAGE = {"prompt_tokens": 1500, "completion_tokens": 20, "total_tokens": 1520}
WORDS = "Your order is on its way and should be with you on Friday; the carrier is UPS. "


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = _streamed() if request.get("stream") else json.dumps(_answer()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if request.get("stream") else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


def _answer() -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": WORDS}}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}


def _streamed() -> bytes:
    head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = [{"role": "assistant", "content": ""}, *({"content": word + " "} for word in WORDS.split())]
    chunks: list[dict[str, Any]] = [{**head, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    chunks.append({**head, "choices": [], "usage": USAGE})
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def serve(ready: Connection) -> None:
    """Serve until the process is ended; sends the port first."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    ready.send(server.server_address[1])
    server.serve_forever()


def contenders() -> dict[str, Callable[[], Any]]:
    """What is measured, by name."""
    from langchain.agents import create_agent as create_plain_agent
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
    from langchain_openai import ChatOpenAI

    from shopbot.agents import create_agent
    from shopbot.agents.shopbot import shop_actions
    from shopbot.agents.tool_calls import as_tool
    from shopbot.engines import EngineOptions, make_engine

    actions = shop_actions()
    tools = [as_tool(action) for action in actions]
    called = AIMessage("", tool_calls=[{"name": "track_order", "args": {}, "id": "call_1", "type": "tool_call"}])
    messages = [
        SystemMessage("You are the customer service of a shop. " * 60),
        HumanMessage("Hi, where is my order 123456? My e-mail address is maria.lopez@example.com"),
        called,
        ToolMessage("status: shipped; carrier: UPS; expected 2026-11-20", tool_call_id="call_1", name="track_order"),
    ]
    bare = ChatOpenAI(model="m", temperature=0, max_retries=0, timeout=60, stream_usage=True)
    ours = make_engine("openai:m")
    ours_streamed = make_engine("openai:m", EngineOptions(stream="on"))
    bare_streamed = ChatOpenAI(model="m", temperature=0, max_retries=0, timeout=60, stream_usage=True, streaming=True)
    plain_agent = create_plain_agent(bare, tools, system_prompt=messages[0].text)
    our_agent = create_agent(ours, actions, messages[0].text)
    asked: Any = {"messages": [messages[1]]}
    return {
        "ChatOpenAI": lambda: bare.bind_tools(tools).invoke(messages),
        "openai:MODEL": lambda: ours.bind_tools(tools).invoke(messages),
        "ChatOpenAI, streamed": lambda: bare_streamed.bind_tools(tools).invoke(messages),
        "openai:MODEL, streamed": lambda: ours_streamed.bind_tools(tools).invoke(messages),
        "a turn of LangChain's agent": lambda: plain_agent.invoke(asked),
        "a turn of ours": lambda: our_agent.invoke(asked),
    }


def measure(rounds: int) -> dict[str, float]:
    """CPU milliseconds of this process for one call, median, by contender."""
    runs = contenders()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 5):
        for name, run in runs.items():
            started = time.process_time()
            run()
            if number >= 5:
                times[name].append((time.process_time() - started) * 1000)
    return {name: statistics.median(found) for name, found in times.items()}


def main(rounds: int) -> int:
    """Print the table; 1 when a call costs more than the limit."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    os.environ.update(OPENAI_API_KEY="none", OPENAI_BASE_URL=f"http://127.0.0.1:{ours.recv()}/v1")
    found = list(measure(rounds).items())
    server.terminate()
    print("| call | CPU ms, median | ours on top, ms | x |\n|---|---|---|---|")
    worst = 0.0
    for (bare, base), (own, total) in zip(found[::2], found[1::2], strict=True):
        worst = max(worst, total - base)
        print(f"| {bare} | {base:.2f} | | |\n| {own} | {total:.2f} | {total - base:.2f} | {total / base:.2f} |")
    print(f"\nOurs on top is {worst:.2f} ms at most; the limit is {LIMIT_MS:.0f} ms.")
    return int(worst >= LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
