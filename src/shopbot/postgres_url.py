"""URLs of PostgreSQL, as the libraries that read them want them."""

from __future__ import annotations


def libpq_url(url: str) -> str:
    """The URL as PostgreSQL's own library reads it: SQLAlchemy's may name a driver."""
    return "postgresql://" + url.partition("://")[2]
