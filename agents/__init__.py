"""Agents that plan an action, format it, validate it, and only then act.

    from shopbot.agents import create_agent, create_shopbot

Beside the two factories: `Gate` is the gate for agents of LangChain's own `create_agent`, `HandOver` the contract by
which one agent hands over to another, `open_memory` keeps conversations in a file, `read_turn` reads the newest turn
back from an agent's state, `draw_plan` draws the way to a goal.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shopbot.agents.agent import create_agent
from shopbot.agents.shopbot import create_shopbot

if TYPE_CHECKING:
    from shopbot.agents.gate import Gate
    from shopbot.agents.hand_over import HandOver, SharedState
    from shopbot.agents.memory import open_memory
    from shopbot.agents.plan import draw_plan
    from shopbot.agents.turn import read_turn

__all__ = [
    "Gate",
    "HandOver",
    "SharedState",
    "create_agent",
    "create_shopbot",
    "draw_plan",
    "open_memory",
    "read_turn",
]

_HOME = {
    "Gate": "gate",
    "HandOver": "hand_over",
    "SharedState": "hand_over",
    "draw_plan": "plan",
    "open_memory": "memory",
    "read_turn": "turn",
}


def __getattr__(name: str) -> Any:
    """Load what is heavier than the factories when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"shopbot.agents.{_HOME[name]}"), name)
