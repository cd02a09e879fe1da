"""From an engine spec to an engine; nothing heavy is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from shopbot.engines.errors import EngineError
from shopbot.engines.options import EngineOptions
from shopbot.errors import extra

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def make_engine(spec: str, options: EngineOptions | None = None) -> BaseChatModel:
    """The engine that `spec` names.

    Raises:
        EngineError: an unknown kind, a missing model, key, file or package of a provider's.
        MissingExtra: what its kind needs is not installed.
    """
    options = options or EngineOptions()
    kind, _, detail = spec.partition(":")
    if kind == "planner" and detail:  # the first name of a learned engine
        kind = "learned"
    if kind in _KINDS:
        form, needs, make = _KINDS[kind]
        if bool(detail) == (":" in form):
            with extra(needs, f"The engine {spec}"):
                return make(detail, options)
    elif kind and detail:
        from shopbot.engines.hosted import make_hosted

        return make_hosted(kind, detail, options)
    raise EngineError(
        f"The engine is {spec!r}; it must be {', '.join(each.form for each in _KINDS.values())} or PROVIDER:MODEL."
    )


def _planner(_: str, options: EngineOptions) -> BaseChatModel:
    with extra("learned", "The engine planner", "onnxruntime", "tokenizers"):
        # Named as text: the framework imports nothing of ShopBot's.
        made: BaseChatModel = import_module("shopbot.engines.shopbot.model").PlannerEngine()
    return made


def _learned(folder: str, options: EngineOptions) -> BaseChatModel:
    from shopbot.engines.learned.model import LearnedEngine

    return LearnedEngine(folder)


def _openai(model: str, options: EngineOptions) -> BaseChatModel:
    from shopbot.engines.hosted import make_openai

    return make_openai(model, options)


def _llama(file: str, options: EngineOptions) -> BaseChatModel:
    from shopbot.engines.llama.model import LlamaEngine
    from shopbot.engines.llama.store import find_model

    return LlamaEngine(find_model(file, options.models))


def _script(file: str, options: EngineOptions) -> BaseChatModel:
    from shopbot.engines.scripted import ScriptedEngine

    return ScriptedEngine.from_file(file)


def _react(spec: str, options: EngineOptions) -> BaseChatModel:
    from shopbot.engines.react.model import ReactEngine

    return ReactEngine(inner=make_engine(spec, options))


def _cascade(specs: str, options: EngineOptions) -> BaseChatModel:
    from shopbot.engines.cascade.model import make_cascade

    return make_cascade(specs, lambda spec: make_engine(spec, options), options.thresholds)


class _Kind(NamedTuple):
    form: str
    extra: str
    make: Callable[[str, EngineOptions], BaseChatModel]


_KINDS: Mapping[str, _Kind] = {
    "planner": _Kind("planner", "learned", _planner),
    "learned": _Kind("learned:FOLDER", "learned", _learned),
    "openai": _Kind("openai:MODEL", "openai", _openai),
    "llama": _Kind("llama:MODEL", "local", _llama),
    "react": _Kind("react:SPEC", "all", _react),
    "cascade": _Kind("cascade:SPEC,SPEC", "all", _cascade),
    "script": _Kind("script:FILE", "all", _script),
}
"""Kind -> how its spec is written, the optional dependencies it needs, and what makes it from the part after the colon.
Any other kind is a provider of LangChain's `init_chat_model`."""
