"""The four ways to run an agent on a hosted model; each gives the state afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hosted_shopbot import THREAD, Hosted, said


def invoke(hosted: Hosted, words: str) -> dict[str, Any]:
    state: dict[str, Any] = hosted.agent.invoke(said(words), THREAD)
    return state


def ainvoke(hosted: Hosted, words: str) -> dict[str, Any]:
    state: dict[str, Any] = asyncio.run(hosted.agent.ainvoke(said(words), THREAD))
    return state


def stream(hosted: Hosted, words: str) -> dict[str, Any]:
    pieces = [piece for piece, _ in hosted.agent.stream(said(words), THREAD, stream_mode="messages")]
    assert pieces
    return dict(hosted.agent.get_state(THREAD).values)


def astream(hosted: Hosted, words: str) -> dict[str, Any]:
    async def listen() -> None:
        async for _ in hosted.agent.astream(said(words), THREAD, stream_mode="messages"):
            pass

    asyncio.run(listen())
    return dict(hosted.agent.get_state(THREAD).values)


WAYS: dict[str, Callable[[Hosted, str], dict[str, Any]]] = {
    "invoke": invoke,
    "ainvoke": ainvoke,
    "stream": stream,
    "astream": astream,
}
