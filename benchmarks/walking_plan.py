"""What a whole return costs a hosted model: calls and tokens, with the plan walking and without, and beside plain
LangChain with the same functions as tools.

    python -m benchmarks.walking_plan

The model is one that makes no mistake (the embedded planner decides, one action a call), so that only the way of asking
differs. Tokens are estimated as characters by four, of everything that is sent and answered.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import Field

from benchmarks.simulated_customers import shopfront
from shopbot.agents.shopbot import create_shopbot
from shopbot.engines import make_engine

SAID = ("Hi, I want to send back the jeans from order 123456", "maria.lopez@example.com", "yes please")
PLAIN = (
    *("take_order_number", "choose_items", None),
    *("take_email", "verify_customer", "look_up_order", "check_return", None),
    *("arrange_return", None),
)
"""What plain LangChain's model calls, one a call, and where it replies (None)."""
_CHARACTERS = 4


class Counted(BaseChatModel):
    """A model that another one answers for, or that follows a script; counts calls and characters."""

    inner: BaseChatModel | None = None
    script: list[str | None] = Field(default_factory=list)
    calls: int = 0
    characters: int = 0

    @property
    def _llm_type(self) -> str:
        return "counted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        """As any model's."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _generate(
        self, messages: list[BaseMessage], *args: Any, tools: Sequence[Any] = (), **kwargs: Any
    ) -> ChatResult:
        sent = "".join(message.text + json.dumps(getattr(message, "tool_calls", [])) for message in messages)
        answer = self._answer(messages, tools)
        self.calls += 1
        self.characters += len(sent) + len(json.dumps(list(tools))) + len(answer.text) + len(str(answer.tool_calls))
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _answer(self, messages: list[BaseMessage], tools: Sequence[Any]) -> AIMessage:
        if self.inner is not None:
            return self.inner.bind_tools(tools).invoke(messages)
        name = self.script.pop(0)
        calls = [{"name": name, "args": {}, "id": f"{name}-1"}] if name else []
        return AIMessage("" if name else "Which e-mail address is on the order?", tool_calls=calls)


def told(name: str, model: Counted, agent: Any) -> str:
    """Play the return; one row of the table."""
    for words in SAID:
        agent.invoke({"messages": [{"role": "user", "content": words}]}, {"configurable": {"thread_id": "return"}})
    return f"| {name} | {model.calls} | {model.characters // _CHARACTERS:,} |"


def main() -> None:
    """Print the table."""
    from benchmarks.real.plain import plain_tools

    print("| a return, three messages | model calls | tokens, estimated |\n|---|---|---|")
    for walk in (None, False, True):
        with tempfile.TemporaryDirectory() as folder, shopfront(Path(folder), "planner") as shop:
            model = Counted(inner=None if walk is None else make_engine("planner"), script=list(PLAIN))
            if walk is None:
                tools = plain_tools(shop.desk, {}, "return")
                agent: Any = create_agent(model, tools, system_prompt="", checkpointer=InMemorySaver())
                print(told("plain create_agent", model, agent))
            else:
                agent = create_shopbot(model, desk=shop.desk, checkpointer=InMemorySaver(), walk=walk)
                print(told(f"ShopBot{', the plan walks' if walk else ''}", model, agent))


if __name__ == "__main__":
    main()
