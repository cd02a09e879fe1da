"""From an engine spec to an engine; nothing heavy is imported before it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engines.errors import EngineError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def make_engine(spec: str) -> BaseChatModel:
    """The engine that `spec` names.

    Raises:
        EngineError: an unknown kind, a missing model, key or file.
    """
    kind, _, detail = spec.partition(":")
    if kind == "planner" and not detail:
        from engines.planner.model import PlannerEngine

        return PlannerEngine()
    if kind == "openai" and detail:
        from engines.hosted import make_openai

        return make_openai(detail)
    if kind == "script" and detail:
        from engines.scripted import ScriptedEngine

        return ScriptedEngine.from_file(detail)
    raise EngineError(f"The engine is {spec!r}; it must be planner, openai:MODEL or script:FILE.")
