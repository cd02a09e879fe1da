"""The order database: SQLite by default, PostgreSQL by URL.

`open_database` (may write) and `open_read_only` (cannot) give engines; `run_select` answers one SELECT over a
single customer's rows. `shopbot.shop.database.models` is the schema. Parts load when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shopbot.shop.database.connection import open_database, open_read_only
    from shopbot.shop.database.select import QueryRefused, SelectResult, run_select

__all__ = ["QueryRefused", "SelectResult", "open_database", "open_read_only", "run_select"]

_HOME = {"open_database": "connection", "open_read_only": "connection"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'select')}"), name)
