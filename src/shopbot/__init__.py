"""Agents that plan an action, format it, validate it, and only then act.

    from shopbot import create_agent, create_shopbot

`create_agent` is LangChain's agent loop with the gate around every step; `create_shopbot` is the customer-service
agent built with it. The rooms behind them are `shopbot.agents`, `shopbot.tools`, `shopbot.engines` and
`shopbot.prompts` (the framework), `shopbot.shop` (ShopBot's own), `shopbot.optimize` and `shopbot.apps`.
"""

from shopbot.agents import create_agent, create_shopbot

__all__ = ["create_agent", "create_shopbot"]
