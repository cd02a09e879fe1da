"""Finds the loader for what a person names: a file, a folder, a web address, a database query, a wiki page,
a LangChain document loader."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from shopbot.tools.retrieval.documents import Document, Unreadable
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.limits import Limits

_DATABASE = re.compile(r"^[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?://[^#]*#", re.IGNORECASE)


def open_sources(named: Sequence[str], limits: Limits | None = None) -> Iterator[Document | Unreadable]:
    """The documents of every source in `named`, in order.

    - a path: a file (Markdown, reStructuredText, text, HTML, PDF, DOCX, CSV, TSV, JSON lines) or a folder of them, with
      sub-folders;
    - `https://…`: a web page, or a file of these kinds;
    - `wiki:Title` (English Wikipedia) or `wiki+https://host/w/api.php#Title`: a page of a MediaWiki;
    - `loader:MODULE:CLASS ARG…`: what a LangChain document loader gives;
    - `DATABASE_URL#SELECT …`, for example `sqlite:///shop.db#SELECT name, description FROM products`.
    """
    limits = limits or Limits()
    for name in named:
        try:
            yield from _open(name, limits)
        except RetrievalError as error:
            yield Unreadable(name, str(error), origin=name)
        except Exception as error:  # whatever a strange source does, the others must go on
            yield Unreadable(name, f"{name} cannot be read: {str(error) or type(error).__name__}.", origin=name)


def _open(name: str, limits: Limits) -> Iterator[Document | Unreadable]:
    lower = name.lower()
    if lower.startswith("loader:"):
        from shopbot.tools.retrieval.sources.langchain_loader import load_documents

        yield from load_documents(name, limits)
    elif lower.startswith(("wiki:", "wiki+")):
        from shopbot.tools.retrieval.sources.mediawiki import wiki_page

        yield wiki_page(name, limits)
    elif lower.startswith(("http://", "https://")):
        from shopbot.tools.retrieval.sources.web import web_page

        yield web_page(name, limits)
    elif _DATABASE.match(name):
        from shopbot.tools.retrieval.sources.database import query_rows

        yield query_rows(name, limits)
    else:
        from shopbot.tools.retrieval.sources.files import read_path

        yield from read_path(Path(name).expanduser(), limits)
