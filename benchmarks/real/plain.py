"""Plain LangChain: `create_agent` with the same functions as tools, no gate, no plan, no grammar."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents.shopbot import shop_actions
from shopbot.tools.action import Action, Call
from shopbot.tools.shop.services import ShopServices

_PROMPT = (
    "You are the customer-service assistant of {name}. You help with returns, orders, policies and sums. "
    "Ask for what is missing."
)


class PlainAgent:
    """One LangChain agent; each conversation has facts of its own, which its tools keep."""

    def __init__(self, desk: ShopServices, model: str) -> None:
        self._desk, self._model = desk, model
        self._agents: dict[str, tuple[Any, dict[str, Any]]] = {}

    def invoke(self, given: Any, config: Any) -> dict[str, Any]:
        """One turn, in the shape of ShopBot's state."""
        thread = config["configurable"]["thread_id"]
        agent, facts = self._agents.setdefault(thread, self._new(thread))
        state = agent.invoke(given, {**config, "recursion_limit": 16})
        start = max(i for i, message in enumerate(state["messages"]) if message.type == "human")
        said = [message for message in state["messages"][start:] if isinstance(message, AIMessage)]
        tokens = sum((message.usage_metadata or {}).get("total_tokens", 0) for message in said)
        spent = {"calls": len(said), "tokens": tokens}
        return {**state, "facts": facts, "awaiting": _asked(said[-1].text), "spent": {"turn": spent}}

    def _new(self, thread: str) -> tuple[Any, dict[str, Any]]:
        facts: dict[str, Any] = {}
        tools = plain_tools(self._desk, facts, thread)
        prompt = _PROMPT.format(name=self._desk.shop.profile.name)
        model = ChatOpenAI(model=self._model, temperature=0, timeout=600, max_retries=0)
        return create_agent(model, tools, system_prompt=prompt, checkpointer=InMemorySaver()), facts


def plain_tools(desk: ShopServices, facts: dict[str, Any], thread: str) -> list[StructuredTool]:
    """ShopBot's functions as plain tools, which keep `facts` between them."""
    return [_tool(action, desk, facts, thread) for action in shop_actions()]


def _tool(action: Action, desk: ShopServices, facts: dict[str, Any], thread: str) -> StructuredTool:
    def run(**args: Any) -> str:
        try:
            values = action.arguments.model_validate(args).model_dump(mode="json")
            observed = action.run(
                Call(desk, facts, thread, f"{thread}-{action.name}-{sorted(values.items())}"), **values
            )
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        facts.update(observed.facts)
        for gone in [name for name, value in facts.items() if value is None]:
            del facts[gone]
        return observed.text

    return StructuredTool.from_function(
        run, name=action.name, description=action.description, args_schema=action.arguments
    )


def _asked(reply: str) -> str | None:
    """What a plain agent's reply asks for, by its words, so that the simulated customer can answer."""
    words = reply.casefold()
    asks = {"email": ("e-mail", "email"), "order_number": ("order number",), "items": ("which item", "what item")}
    found = next((slot for slot, said in asks.items() if any(word in words for word in said)), None)
    return found or ("confirmation" if reply.rstrip().endswith("?") else None)
