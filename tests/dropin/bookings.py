"""Plain LangChain tools over bookings, and their contracts."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import Gate
from shopbot.testing import Conversation, Script

CONTRACTS: dict[str, Any] = {
    "find_booking": {"effect": "read", "gives": {"booking": "number"}},
    "cancel_booking": {
        "needs": ["booking"],
        "gives": ["cancelled"],
        "effect": "write",
        "confirm": "Shall I cancel booking {args.number}? Please answer yes or no.",
    },
}
FIND = {"call": "find_booking", "args": {"number": "B-17"}}
CANCEL = {"call": "cancel_booking", "args": {"number": "B-17"}}


class Bookings:
    """The bookings of a program that knows nothing of the gate: its tools are LangChain's."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.cancelled: list[str] = []
        self.failures = 0

        @tool
        def find_booking(number: str) -> dict[str, str]:
            """Find a booking by its number."""
            if self.failures:
                self.failures -= 1
                raise ConnectionError("the bookings are out of reach")
            self.found.append(number)
            return {"number": number, "guest": "jane@example.com"}

        @tool
        def cancel_booking(number: str) -> str:
            """Cancel a booking."""
            self.cancelled.append(number)
            return f"booking {number} is cancelled"

        @tool
        def erase_everything() -> str:
            """Erase all bookings."""
            self.cancelled.append("everything")
            return "erased"

        self.tools = [find_booking, cancel_booking, erase_everything]

    def talk(self, *steps: Any, gate: Gate | None = None, front: Any = (), behind: Any = (), **options: Any) -> Talk:
        """A conversation with LangChain's agent over the tools, the gate among its middlewares."""
        script = Script(*steps)
        options = {"checkpointer": InMemorySaver(), **options}
        middleware = [*front, gate or Gate(CONTRACTS), *behind]
        return Talk(script, create_agent(script, self.tools, middleware=middleware, **options))


class Talk(Conversation):
    """A conversation, and the script that its model plays."""

    def __init__(self, script: Script, agent: Any) -> None:
        super().__init__(agent)
        self.script = script
