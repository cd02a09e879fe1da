"""Where a shop keeps the vectors of its collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbot.shop.settings import Settings


def vectors_url(settings: Settings) -> str | None:
    """The URL set, or the shop's PostgreSQL if it has pgvector; None for the data folder.

    Raises:
        RetrievalError: the shop's PostgreSQL cannot be reached.
    """
    if settings.vectors_url:
        return None if settings.vectors_url == "embedded" else settings.vectors_url
    if settings.database_url and settings.database_url.startswith("postgres"):
        from shopbot.tools.retrieval.postgres_collections import has_pgvector

        return settings.database_url if has_pgvector(settings.database_url) else None
    return None
