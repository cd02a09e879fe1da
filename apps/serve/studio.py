"""The agent as LangGraph's own tools open it: `langgraph.json` names this file."""

from __future__ import annotations

from typing import Any


def agent() -> Any:
    """ShopBot over the shop that the environment names."""
    from shopbot.agents import create_shopbot

    return create_shopbot()
