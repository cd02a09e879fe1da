"""The agent as LangGraph's own tools open it: `langgraph.json` names this file."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any


async def agent() -> Any:
    """ShopBot over the shop that the environment names: asked for with every run, and made once.

    Made in a thread, since `langgraph dev` lets nothing touch a disk in its event loop.
    """
    return await asyncio.to_thread(_agent)


@cache
def _agent() -> Any:
    from shopbot.agents import create_shopbot

    return create_shopbot()
