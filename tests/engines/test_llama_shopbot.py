"""ShopBot with a model that talks nonsense: the gate lets nothing consequential through, and every turn ends."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")

from hosted_shopbot import Hosted, said
from langgraph.checkpoint.memory import InMemorySaver
from tiny_gguf import write_tiny_gguf

from shopbot.agents import create_agent, create_shopbot
from shopbot.agents.budget import Budget, Limits
from shopbot.agents.shopbot import shop_actions
from shopbot.engines.llama.model import LlamaEngine
from shopbot.prompts import says
from shopbot.shop.shop import Shop
from shopbot.tools.shop.services import ShopServices

MESSAGES = ["I want to send the jeans back", "Order 123456, maria.lopez@example.com", "yes", "How much is 2 + 2?"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LlamaEngine:
    file = write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=1)
    return LlamaEngine(file, temperature=1.0, longest_answer=96, thoughts=False, guided=False)


def test_nonsense_writes_nothing_and_every_turn_ends_with_a_sentence(engine: LlamaEngine, shop: Shop) -> None:
    desk = ShopServices(shop)
    agent = create_shopbot(engine, desk=desk, checkpointer=InMemorySaver())
    bot = Hosted(agent, None, shop)  # type: ignore[arg-type]
    before = bot.written
    thread: Any = {"configurable": {"thread_id": "nonsense"}}
    for number, words in enumerate(MESSAGES):
        engine.seed = number
        state = agent.invoke(said(words), thread)
        assert state["messages"][-1].text.strip()
        assert state["spent"]["turn"]["calls"] <= 24
        assert state["spent"]["turn"]["tokens"] > 0
    assert bot.written == before
    desk.close()


class Insistent(LlamaEngine):
    """Never replies."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return super().bind_tools(tools, **{**kwargs, "tool_choice": "any"})


def test_a_budget_ends_a_model_that_only_calls(engine: LlamaEngine) -> None:
    insistent = Insistent(engine.runtime.file, temperature=1.0, longest_answer=96, thoughts=False, guided=False)
    free = [action for action in shop_actions() if action.name == "calculate"]
    agent = create_agent(insistent, free, budget=Budget(turn=Limits(calls=3)), repairs=9)
    state = agent.invoke(said("Go on"))
    assert state["messages"][-1].text == says("spent")
    assert state["spent"]["turn"]["calls"] == 3
