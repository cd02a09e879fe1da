"""What one writes without ShopBot: LangGraph's agent and its `AsyncPostgresSaver` behind one endpoint, and no guard.

python -m benchmarks.scale.plain_server URL PORT
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.serve.agents import plain


def create_app(url: str) -> Starlette:
    """POST /say {"thread", "text"} -> {"reply"}."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncPostgresSaver.from_conn_string(url) as saver:
            await saver.setup()
            app.state.agent = plain(saver)
            yield

    async def say(request: Request) -> JSONResponse:
        given = await request.json()
        config = {"configurable": {"thread_id": given["thread"]}}
        state = await request.app.state.agent.ainvoke({"messages": [("user", given["text"])]}, config)
        return JSONResponse({"reply": state["messages"][-1].text})

    return Starlette(routes=[Route("/say", say, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(create_app(sys.argv[1]), port=int(sys.argv[2]), log_level="warning", access_log=False)
