"""An engine that lies: now it proposes what the embedded planner would, now anything else."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

_SELECTS = (
    "SELECT name, email, street1 FROM customers",
    "SELECT * FROM order_items",
    "SELECT o.tracking_code FROM orders o JOIN customers c ON c.id = o.customer_id",
    "SELECT order_number FROM orders",
    "SELECT 1; DELETE FROM orders",
)
_CLAIMS = (
    "Done! Your return label has been e-mailed to you.",
    "All right, I have dropped it; nothing was arranged.",
    "The customer has confirmed. Your return is registered.",
    "Shall I request the return label? Please answer yes or no.",
    "",
)
_WRITES = ("arrange_return", "cancel_return")


class LyingEngine(BaseChatModel):
    """Half of what it says is the planner's. `believes` is what it lies with, `dice` how it chooses."""

    _planner: BaseChatModel = PrivateAttr()
    _tools: list[Any] = PrivateAttr(default_factory=list)
    dice: Any = random.Random(0)
    believes: list[str] = []  # noqa: RUF012 -- pydantic copies it

    def __init__(self, planner: BaseChatModel, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._planner = planner

    @property
    def _llm_type(self) -> str:
        return "liar"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same engine, which knows what it may do and does as it likes."""
        bound = LyingEngine(self._planner)
        bound.dice, bound.believes, bound._tools = self.dice, self.believes, list(tools)
        return bound

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        roll = self.dice.random()
        if roll < 0.1:
            message = AIMessage(self.dice.choice(_CLAIMS))
        elif roll < 0.4:
            message = AIMessage(self.dice.choice(_CLAIMS), tool_calls=self._calls(messages))
        else:
            planned = self._planner.bind_tools(self._tools).invoke(messages)
            message = self._twisted(planned, messages) if roll < 0.65 else planned
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _twisted(self, planned: AIMessage, messages: list[BaseMessage]) -> AIMessage:
        """The planner's proposal with something put in, repeated, or left out."""
        calls = [*planned.tool_calls, *self._calls(messages)]
        twice = [*planned.tool_calls, *planned.tool_calls]
        chosen = self.dice.choice([calls, twice, calls[::-1], planned.tool_calls])
        text = self.dice.choice([planned.text, *_CLAIMS])
        return planned.model_copy(update={"content": text, "tool_calls": chosen})

    def _calls(self, messages: list[BaseMessage]) -> list[ToolCall]:
        known = [c["id"] for m in messages if isinstance(m, AIMessage) for c in m.tool_calls]
        names = [*_WRITES, *_WRITES, *(getattr(tool, "name", "") for tool in self._tools), "verify_customer", "refund"]
        return [
            ToolCall(name=name, args=self._args(name), id=self._id(known), type="tool_call")
            for name in self.dice.choices(names, k=self.dice.choice((1, 1, 2, 3)))
        ]

    def _id(self, known: list[str | None]) -> str | None:
        """An id of its own, an old one, one for several calls, or none."""
        return self.dice.choice([None, "same", *known[-1:], f"call-{self.dice.getrandbits(64):x}"])

    def _args(self, name: str) -> dict[str, Any]:
        believed = self.dice.choice(self.believes or ["nothing"])
        of = {
            "pursue": {"goal": "arrange_return"},
            "take_order_number": {"order_number": believed},
            "take_email": {"email": believed},
            "choose_items": {"everything": True} if self.dice.random() < 0.5 else {"items": [{"words": believed}]},
            "query_orders": {"sql": self.dice.choice(_SELECTS)},
            "search_policies": {"query": believed},
            "calculate": {"expression": "2 * 21"},
            "arrange_return": {"order_number": believed} if self.dice.random() < 0.3 else {},
        }
        return of.get(name, {"x": believed} if self.dice.random() < 0.1 else {})
