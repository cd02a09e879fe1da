"""From an engine spec to an engine; nothing heavy is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shopbot.engines.errors import EngineError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def make_engine(spec: str) -> BaseChatModel:
    """The engine that `spec` names.

    Raises:
        EngineError: an unknown kind, a missing model, key, package or file.
    """
    kind, _, detail = spec.partition(":")
    if kind in _KINDS:
        form, load = _KINDS[kind]
        if kind == "planner" or bool(detail) == (":" in form):
            return load(detail)
    elif kind and detail:
        from shopbot.engines.hosted import make_hosted

        return make_hosted(kind, detail)
    raise EngineError(
        f"The engine is {spec!r}; it must be {', '.join(form for form, _ in _KINDS.values())} or PROVIDER:MODEL."
    )


def _planner(folder: str) -> BaseChatModel:
    if folder:
        from shopbot.engines.learned.model import LearnedEngine

        return LearnedEngine(folder)
    from shopbot.engines.shopbot.model import PlannerEngine

    return PlannerEngine()


def _openai(model: str) -> BaseChatModel:
    from shopbot.engines.hosted import make_openai

    return make_openai(model)


def _llama(file: str) -> BaseChatModel:
    from shopbot.engines.llama.model import LlamaEngine

    return LlamaEngine(file)


def _script(file: str) -> BaseChatModel:
    from shopbot.engines.scripted import ScriptedEngine

    return ScriptedEngine.from_file(file)


def _react(spec: str) -> BaseChatModel:
    from shopbot.engines.react.model import ReactEngine

    return ReactEngine(inner=make_engine(spec))


def _cascade(specs: str) -> BaseChatModel:
    from shopbot.engines.cascade.model import make_cascade

    return make_cascade(specs, make_engine)


_KINDS: Mapping[str, tuple[str, Callable[[str], BaseChatModel]]] = {
    "planner": ("planner", _planner),
    "openai": ("openai:MODEL", _openai),
    "llama": ("llama:FILE.gguf", _llama),
    "react": ("react:SPEC", _react),
    "cascade": ("cascade:SPEC,SPEC", _cascade),
    "script": ("script:FILE", _script),
}
"""Kind -> how its spec is written, and what makes it from the part after the colon. Any other kind is a provider of
LangChain's `init_chat_model`."""
