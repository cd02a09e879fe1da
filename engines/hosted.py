"""Hosted models: OpenAI and every server that speaks chat completions, and any other provider of LangChain."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from shopbot.engines.errors import EngineError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from shopbot.engines.hosted_engine import HostedEngine

RETRIES = 2


def make_openai(model: str) -> HostedEngine:
    """`model` behind `OPENAI_API_KEY` and, when set, `OPENAI_BASE_URL`.

    Raises:
        EngineError: there is no key. A local server takes any: set OPENAI_API_KEY=none for it.
        SettingsError: a SHOPBOT_* variable cannot be used.
    """
    if not os.environ.get("OPENAI_API_KEY"):
        raise EngineError(
            f"The engine openai:{model} needs OPENAI_API_KEY; for a local server that wants none, set it to 'none' "
            "and OPENAI_BASE_URL to the server's address."
        )
    from langchain_openai import ChatOpenAI

    from shopbot.shop.settings import load_settings

    # Retries are the wrapper's: the client's own do not know the turn's deadline. Usage is asked for in streams too.
    inner = ChatOpenAI(model=model, timeout=load_settings().engine_timeout_s, max_retries=0, stream_usage=True)
    if (inner.profile or {}).get("temperature", "OPENAI_BASE_URL" in os.environ):
        inner.temperature = 0
    return _reliable(inner, f"openai:{model}", ends_with_reason=True, strict=True)


def make_hosted(provider: str, model: str) -> HostedEngine:
    """`model` of any provider that LangChain's `init_chat_model` knows, with the provider's own key variable.

    Raises:
        EngineError: no such provider, its package is not installed, or it cannot be set up (its key is missing).
        SettingsError: a SHOPBOT_* variable cannot be used.
    """
    from shopbot.shop.settings import load_settings

    spec = f"{provider}:{model}"
    plain = _init(spec, provider, model)
    known = _options(type(plain))
    wanted = {"timeout": load_settings().engine_timeout_s, "max_retries": 0}
    return _reliable(_init(spec, provider, model, **{k: v for k, v in wanted.items() if k in known}), spec)


def _init(spec: str, provider: str, model: str, **options: Any) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        made: BaseChatModel = init_chat_model(model, model_provider=provider, **options)
    except ImportError as error:
        named = re.search(r"pip install ([\w.\-]+)", str(error))
        package = named[1] if named else f"langchain-{provider.replace('_', '-')}"
        raise EngineError(f"The engine {spec} needs a package that is missing: pip install {package}.") from None
    except Exception as error:
        reason = " ".join(str(error).split())
        if reason.startswith("Unsupported provider"):
            known = reason.partition(" are: ")[2]
            raise EngineError(
                f"The engine is {spec!r}, but {provider!r} is neither a kind of engine nor a provider that LangChain "
                f"knows: {known}."
            ) from None
        raise EngineError(f"The engine {spec} cannot be set up: set what {provider} needs ({reason[:200]}).") from None
    return made


def _reliable(inner: BaseChatModel, spec: str, **traits: Any) -> HostedEngine:
    from langchain_core.language_models import BaseChatModel

    from shopbot.engines.hosted_engine import HostedEngine
    from shopbot.shop.settings import load_settings

    settings = load_settings()
    if settings.stream == "on":
        traits["streaming"] = True
    never = settings.stream == "off" or type(inner)._stream is BaseChatModel._stream
    return HostedEngine(
        inner=inner,
        spec=spec,
        silence_s=settings.engine_timeout_s,
        tries=RETRIES + 1,
        disable_streaming=never,
        profile=inner.profile,
        **traits,
    )


def _options(model: type[BaseChatModel]) -> set[str]:
    """The names under which a model's class takes options."""
    fields = model.model_fields
    return {*fields, *(field.alias for field in fields.values() if field.alias)}
