"""What is compared: the same model, with more and more of ShopBot around it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from benchmarks.real.plain import PlainAgent
from benchmarks.real.server import serving
from shopbot.agents.shopbot import create_shopbot
from shopbot.engines import make_engine
from shopbot.shop.settings import Settings
from shopbot.shop.shop import open_shop
from shopbot.tools.shop.services import ShopServices

_LLAMA: Mapping[str, Mapping[str, bool]] = {
    "gate": {"guided": False, "reads_candidates": False, "thoughts": False},
    "grounded": {"guided": False, "thoughts": False},
    "guided": {},
}
ROWS = ("plain", "hosted", *_LLAMA, "cascade")


@contextmanager
def open_row(
    row: str, model: Path, settings: Settings, threads: int | None = None
) -> Iterator[tuple[ShopServices, Any]]:
    """The open shop, and the agent of this row in it."""
    with ExitStack() as stack:
        desk = ShopServices(stack.enter_context(open_shop(settings)))
        stack.callback(desk.close)
        if row in ("plain", "hosted"):
            os.environ |= {"OPENAI_BASE_URL": stack.enter_context(serving(model)), "OPENAI_API_KEY": "none"}
        if row == "plain":
            yield desk, PlainAgent(desk, model.stem)
            return
        yield desk, create_shopbot(_engine(row, model, threads), desk=desk, checkpointer=InMemorySaver())


def _engine(row: str, model: Path, threads: int | None) -> Any:
    from shopbot.engines.cascade.model import make_cascade
    from shopbot.engines.llama.model import LlamaEngine

    if row == "hosted":
        return make_engine(f"openai:{model.stem}")
    engine = LlamaEngine(model, threads=threads, **_LLAMA.get(row, {}))
    if row != "cascade":
        return engine
    return make_cascade(f"planner,llama:{model}", lambda spec: make_engine(spec) if spec == "planner" else engine)
