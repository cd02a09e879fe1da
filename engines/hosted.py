"""Hosted models: OpenAI and every server that speaks chat completions, and any other provider of LangChain."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from shopbot.engines.errors import EngineError
from shopbot.engines.options import EngineOptions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from shopbot.engines.hosted_engine import HostedEngine

RETRIES = 2


def make_openai(model: str, options: EngineOptions) -> HostedEngine:
    """`model` behind `OPENAI_API_KEY` and, when set, `OPENAI_BASE_URL`.

    Raises:
        EngineError: there is no key. A local server takes any: set OPENAI_API_KEY=none for it.
    """
    if not os.environ.get("OPENAI_API_KEY"):
        raise EngineError(
            f"The engine openai:{model} needs OPENAI_API_KEY; for a local server that wants none, set it to 'none' "
            "and OPENAI_BASE_URL to the server's address."
        )
    from langchain_openai import ChatOpenAI

    # Retries are the wrapper's: the client's own do not know the turn's deadline. Usage is asked for in streams too.
    inner = ChatOpenAI(model=model, timeout=options.timeout_s, max_retries=0, stream_usage=True)
    if (inner.profile or {}).get("temperature", "OPENAI_BASE_URL" in os.environ):
        inner.temperature = 0
    return _reliable(inner, f"openai:{model}", options, ends_with_reason=True, strict=True)


def make_hosted(provider: str, model: str, options: EngineOptions) -> HostedEngine:
    """`model` of any provider that LangChain's `init_chat_model` knows, with the provider's own key variable.

    Raises:
        EngineError: no such provider, its package is not installed, or it cannot be set up (its key is missing).
    """
    spec = f"{provider}:{model}"
    plain = _init(spec, provider, model)
    known = _accepted(type(plain))
    wanted = {"timeout": options.timeout_s, "max_retries": 0}
    return _reliable(_init(spec, provider, model, **{k: v for k, v in wanted.items() if k in known}), spec, options)


def _init(spec: str, provider: str, model: str, **arguments: Any) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        made: BaseChatModel = init_chat_model(model, model_provider=provider, **arguments)
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


def _reliable(inner: BaseChatModel, spec: str, options: EngineOptions, **traits: Any) -> HostedEngine:
    from langchain_core.language_models import BaseChatModel

    from shopbot.engines.hosted_engine import HostedEngine
    from shopbot.engines.hosted_sockets import end_with_their_calls

    end_with_their_calls(inner)
    if options.stream == "on":
        traits["streaming"] = True
    never = options.stream == "off" or type(inner)._stream is BaseChatModel._stream
    return HostedEngine(
        inner=inner,
        spec=spec,
        silence_s=options.timeout_s,
        tries=RETRIES + 1,
        disable_streaming=never,
        profile=inner.profile,
        **traits,
    )


def _accepted(model: type[BaseChatModel]) -> set[str]:
    """The names under which a model's class takes options."""
    fields = model.model_fields
    return {*fields, *(field.alias for field in fields.values() if field.alias)}
