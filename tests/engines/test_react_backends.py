"""ReAct over real backends: llama.cpp under the protocol's grammar, and a streaming server whose protocol text nobody
sees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatMessage
from hosted_shopbot import THREAD, Hosted, said
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_shopbot
from shopbot.engines.react.model import ReactEngine
from shopbot.tools.shop.services import ShopServices


@tool
def set_copies(count: int, paper: str) -> str:
    """Set how many copies to print."""
    return f"{count} {paper}"


def test_a_model_of_random_weights_writes_a_valid_action_under_the_grammar(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the extra local is not installed")
    from tiny_gguf import write_tiny_gguf

    from shopbot.engines.llama.model import LlamaEngine

    engine = LlamaEngine(write_tiny_gguf(tmp_path / "tiny.gguf"))
    answer = ReactEngine(inner=engine).bind_tools([set_copies], tool_choice="any").invoke("print it")
    [call] = answer.tool_calls
    assert call["name"] == "set_copies"
    assert set(call["args"]) == {"count", "paper"}
    assert isinstance(call["args"]["count"], int)
    assert answer.invalid_tool_calls == []


def test_no_protocol_text_is_streamed_to_the_customer(make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted()
    desk = ShopServices(hosted.shop)
    agent: Any = create_shopbot("react:openai:test-model", desk=desk, checkpointer=InMemorySaver())
    hosted.server.steps += [
        ChatMessage('Thought: secret\nAction: pursue\nAction Input: {"goal": "arrange_return"}'),
        ChatMessage("Thought: secret\nFinal Answer: What is your order number?"),
    ]
    pieces = agent.stream(said("I want to send the jeans back"), THREAD, stream_mode="messages")
    shown = "".join(str(piece.text) for piece, _ in pieces if piece.type in ("ai", "AIMessageChunk"))
    assert shown == "What is your order number?"
