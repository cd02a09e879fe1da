"""What `shopbot doctor` says about local models: the configured one's size and speed, or what the machine could run."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from shopbot.shop.settings import Settings

if TYPE_CHECKING:
    from shopbot.engines.llama.model import LlamaEngine

PREFIX = "llama:"


def check_local_models(settings: Settings) -> str:
    """One line; loads the model that the engine's spec names, wherever it stands in it, and measures it.

    Raises:
        EngineError: that model cannot be loaded.
    """
    from shopbot.engines.llama.measure import measure, what_fits

    files = [part.rpartition(PREFIX)[2] for part in settings.engine.split(",") if PREFIX in part]
    if files:
        return "; ".join(f"{file}: {measure(_load(file).runtime)}" for file in files)
    installed = importlib.util.find_spec("xllamacpp") is not None
    how = "shopbot models list" if installed else "first pip install 'shopbot[local]'"
    return f"none chosen ({how}); {what_fits()}"


def _load(file: str) -> LlamaEngine:
    from shopbot.engines.llama.model import LlamaEngine

    return LlamaEngine(file)
