"""`provider:MODEL` is any chat model of LangChain's whose package is there; otherwise one sentence says what to do."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from pydantic import Field

from shopbot.engines import EngineError, EngineOptions, make_engine
from shopbot.engines.hosted_engine import HostedEngine


class ChatGroq(FakeListChatModel):
    """A provider's chat model, as its package would have it."""

    responses: list[str] = Field(default_factory=lambda: ["Hello from there"])
    model: str
    timeout: float | None = None
    max_retries: int = 2


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("langchain_groq")
    module.ChatGroq = ChatGroq  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "langchain_groq", module)
    from langchain.chat_models.base import _get_chat_model_creator

    _get_chat_model_creator.cache_clear()
    yield  # type: ignore[misc]
    _get_chat_model_creator.cache_clear()


def made(spec: str, options: EngineOptions | None = None) -> HostedEngine:
    engine = make_engine(spec, options)
    assert isinstance(engine, HostedEngine)
    return engine


def test_any_provider_can_reason(installed: None) -> None:
    engine: BaseChatModel = make_engine("groq:some/model:8b")
    assert engine.invoke("hello").text == "Hello from there"


def test_it_gets_the_model_and_the_time_limit_and_leaves_retries_to_us(installed: None) -> None:
    inner = made("groq:some/model:8b", EngineOptions(timeout_s=7)).inner
    assert isinstance(inner, ChatGroq)
    assert (inner.model, inner.timeout, inner.max_retries) == ("some/model:8b", 7.0, 0)


def test_a_missing_package_is_named() -> None:
    with pytest.raises(EngineError) as refusal:
        make_engine("anthropic:claude-sonnet-4-6")
    sentence = (
        "The engine anthropic:claude-sonnet-4-6 needs a package that is missing: pip install langchain-anthropic."
    )
    assert str(refusal.value) == sentence


def test_an_unknown_provider_is_named_with_what_is_allowed() -> None:
    with pytest.raises(EngineError, match=r"The engine is 'foo:bar', but 'foo' is neither .* anthropic, .*\.$"):
        make_engine("foo:bar")


def test_a_missing_key_of_a_provider_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        EngineError, match=r"^The engine azure_openai:gpt-4o cannot be set up: set what azure_openai .*"
    ):
        make_engine("azure_openai:gpt-4o")
