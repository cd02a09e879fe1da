"""What somebody writes who serves LangChain's `create_agent` over HTTP themselves, in an afternoon.

No gate, and nothing kept but LangGraph's checkpoints in SQLite; the addresses are those of `shopbot serve`, so that the
same customers can talk to it. FastAPI is Starlette with validation on top: this is Starlette, and so a little faster.

python -m benchmarks.serve.plain FOLDER PORT
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.serve.agents import plain
from shopbot.apps.serve.run import listen


class Chat:
    """The agent, and who listens to which conversation."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self.listening: dict[str, set[asyncio.Queue[dict[str, Any]]]] = defaultdict(set)
        self.running: set[asyncio.Task[None]] = set()
        self.seq = 0

    def tell(self, conversation: str, event: str, **data: Any) -> None:
        """Tell everybody who listens."""
        for queue in self.listening[conversation]:
            queue.put_nowait({"event": event, "data": json.dumps(data)})

    def say(self, conversation: str, speaker: str, id: str, text: str) -> None:
        """Tell what somebody has said."""
        self.seq += 1
        self.tell(conversation, "message", seq=self.seq, id=id, speaker=speaker, text=text)

    async def answer(self, conversation: str, text: str) -> None:
        """One turn, told as it goes."""
        config = {"configurable": {"thread_id": conversation}}
        last: Any = None
        async for step in self.agent.astream({"messages": [("user", text)]}, config, stream_mode="updates"):
            self.tell(conversation, "action", nodes=list(step))
            last = next((update["messages"][-1] for update in step.values() if update and "messages" in update), last)
        self.say(conversation, "bot", secrets.token_hex(8), last.text)


async def begin(request: Request) -> Response:
    """A new conversation."""
    return JSONResponse({"id": secrets.token_urlsafe(18), "token": "none"}, 201)


async def take(request: Request) -> Response:
    """A message; the answer comes as events."""
    chat, conversation = request.app.state.chat, request.path_params["id"]
    text, key = (await request.json())["text"], request.headers["idempotency-key"]
    chat.say(conversation, "customer", key, text)
    task = asyncio.create_task(chat.answer(conversation, text))
    chat.running.add(task)
    task.add_done_callback(chat.running.discard)
    return JSONResponse({}, 202)


async def events(request: Request) -> Response:
    """What happens in a conversation."""
    chat, conversation = request.app.state.chat, request.path_params["id"]

    async def heard() -> AsyncIterator[dict[str, Any]]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        chat.listening[conversation].add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            chat.listening[conversation].discard(queue)

    return EventSourceResponse(heard())


async def health(request: Request) -> Response:
    """Whether it can answer."""
    return JSONResponse({"status": "ok"})


def create_app(folder: Path) -> Starlette:
    """The application; checkpoints are in the folder."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncSqliteSaver.from_conn_string(str(folder / "plain.db")) as saver:
            app.state.chat = Chat(plain(saver))
            yield

    one = "/api/v1/conversations/{id}"
    routes = [
        Route("/health", health),
        Route("/ready", health),
        Route("/api/v1/conversations", begin, methods=["POST"]),
        Route(f"{one}/messages", take, methods=["POST"]),
        Route(f"{one}/events", events),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def main() -> None:
    """Serve until stopped."""
    listening = listen("127.0.0.1", int(sys.argv[2]))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    server = uvicorn.Server(uvicorn.Config(create_app(Path(sys.argv[1])), access_log=False, log_level="warning"))
    server.run([listening])


if __name__ == "__main__":
    main()
