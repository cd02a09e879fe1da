"""The rows of one SELECT over any database that SQLAlchemy knows."""

from __future__ import annotations

import hashlib
import re

from shopbot.errors import first_line
from shopbot.tools.retrieval.documents import Document
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.limits import Limits
from shopbot.tools.retrieval.sources.records import rows_text

_SELECT = re.compile(r"^\s*(select|with|table|values)\b", re.IGNORECASE)


def query_rows(named: str, limits: Limits) -> Document:
    """The rows of `DATABASE_URL#SELECT …`; a column named id, title or text becomes key, heading or body.

    The person who names it may read that database anyway: use a user that can only read where that matters.

    Raises:
        RetrievalError: it is no query, or the database refuses it; a password is never shown.
    """
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    address, _, query = named.partition("#")
    if not _SELECT.match(query):
        raise RetrievalError(f"{query[:60]!r} is not a SELECT: name a source as DATABASE_URL#SELECT ….")
    shown = "the database"
    try:
        url = make_url(address)
        shown = url.render_as_string(hide_password=True)
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                found = connection.execution_options(stream_results=True).execute(text(query))
                rows = rows_text((dict(row) for row in found.mappings()), limits)
        finally:
            engine.dispose()
    except RetrievalError as error:
        raise RetrievalError(f"The query over {shown} {error}") from None
    except (SQLAlchemyError, ImportError, ValueError) as error:
        reason = first_line(error)
        raise RetrievalError(f"The query over {shown} failed: {reason}.") from None
    source = f"{shown}#{query.strip()}"
    name = f"{url.database or 'database'}/{hashlib.sha256(query.encode()).hexdigest()[:8]}"
    return Document(
        name, source, hashlib.sha256(rows.encode()).hexdigest(), lambda: rows, origin=source, form="records"
    )
