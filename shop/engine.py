"""The engine that a shop's settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbot.engines.factory import make_engine
from shopbot.engines.options import EngineOptions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from shopbot.shop.settings import Settings


def configured_engine(settings: Settings, spec: str | None = None) -> BaseChatModel:
    """The engine that `spec` names, by default `settings.engine`, with the time-out, streaming and thresholds set.

    Raises:
        EngineError, MissingExtra: it cannot be made.
    """
    options = EngineOptions(
        settings.engine_timeout_s, settings.stream, settings.cascade_thresholds, settings.data / "models"
    )
    return make_engine(spec or settings.engine, options)
