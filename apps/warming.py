"""Loads what is slow on first use while the customer is still reading or typing: models, index, workflow runtime.

Nothing depends on it: what fails here is written to the log and fails again, in words, where it is needed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

logger = logging.getLogger(__name__)


class Opened(Protocol):
    """What is warmed up: an open agent, by the spec of its engine and the desk that it works at."""

    @property
    def engine(self) -> str:
        """The engine's spec."""

    @property
    def desk(self) -> Any:
        """The open shop (`ShopServices`)."""


@contextmanager
def warming(opened: Opened) -> Iterator[None]:
    """Warm up in the background while the block runs; leaving it waits only for the part that is being loaded."""
    leaving = threading.Event()
    thread = threading.Thread(target=warm_up, args=(opened, leaving), name="warming", daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        # A native library that is still loading while the interpreter ends would crash it.
        thread.join()


def warm_up(opened: Opened, leaving: threading.Event | None = None) -> None:
    """Load every slow part, the one that is needed first first; stops between two of them when `leaving` is set."""
    for load in _slow_parts(opened):
        if leaving is not None and leaving.is_set():
            return
        try:
            load()
        except Exception:
            logger.warning("a part could not be loaded ahead", exc_info=True)


def _slow_parts(opened: Opened) -> list[Callable[[], object]]:
    desk = opened.desk
    reader = [_load_reader] if opened.engine == "planner" else []
    return [*reader, lambda: desk.policies.search("How long do I have?", 1), desk.shop.fulfilment.warm]


def _load_reader() -> None:
    from shopbot.engines.shopbot.reader import Reader

    Reader().read("", "hello")
