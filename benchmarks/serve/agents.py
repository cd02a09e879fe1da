"""The same flow twice, on a model without latency that calls a tool and then replies: behind the gate, and plain."""

from __future__ import annotations

from typing import Annotated, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from shopbot.tools.action import Call, Observation, Source, action


class Instant(BaseChatModel):
    """Calls `look`, then says what it saw."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Any, **_: Any) -> Instant:
        """Nothing to bind."""
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        last = messages[-1]
        call = {"name": "look", "args": {"at": "the shelf"}, "id": f"call-{len(messages)}-{id(last)}"}
        reply = AIMessage("It is there.") if isinstance(last, ToolMessage) else AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=reply)])


@action(title="look")
def look(call: Call[Any], at: Annotated[str, Source.ENGINE]) -> Observation:
    """Look at something."""
    return Observation(f"{at} is full")


def gated(checkpointer: Any) -> Any:
    """With ShopBot's `create_agent`."""
    from shopbot.agents import create_agent

    return create_agent(Instant(), [look], checkpointer=checkpointer)


def plain(checkpointer: Any) -> Any:
    """With LangChain's."""
    from langchain.agents import create_agent
    from langchain_core.tools import tool

    @tool("look")
    def plain_look(at: str) -> str:
        """Look at something."""
        return f"{at} is full"

    return create_agent(Instant(), [plain_look], checkpointer=checkpointer)
