"""Agents that plan an action, format it, validate it, and only then act.

from agents import create_agent, create_shopbot
"""

from agents.agent import create_agent
from agents.shopbot import create_shopbot

__all__ = ["create_agent", "create_shopbot"]
