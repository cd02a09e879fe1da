"""Named collections under a data folder: `<data>/collections/<name>`, each an index of its own, one a tenant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engines.embedding import Encoder
from tools.retrieval.errors import RetrievalError
from tools.retrieval.retriever import Retriever

if TYPE_CHECKING:
    from tools.retrieval.ingestion import IngestReport, Progress
    from tools.retrieval.sources import Limits

FOLDER = "collections"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def collection_names(data: Path) -> list[str]:
    """The collections that there are."""
    folder = data / FOLDER
    return sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def ingest(
    data: Path, name: str, sources: Sequence[str], *, limits: Limits | None = None, progress: Progress | None = None
) -> IngestReport:
    """Bring collection `name` in step with `sources`, reading again only what changed.

    What was taken in from the same sources and is gone from them is dropped; other sources are left alone.

    Raises:
        RetrievalError: the name cannot be used, or another process has been writing for a minute.
    """
    from tools.retrieval.opening import ingest_safely
    from tools.retrieval.sources import open_sources

    return ingest_safely(_folder(data, name), lambda: open_sources(sources, limits), Encoder(), progress)


def open_collection(data: Path, name: str, minimum_confidence: float | None = 0.0) -> Retriever:
    """Search over collection `name`; by default it always returns the best there is.

    Raises:
        RetrievalError: there is no such collection, or its index is damaged.
    """
    from tools.retrieval.opening import open_existing

    folder = _folder(data, name)
    if not (folder / "chroma.sqlite3").exists():
        there = ", ".join([*collection_names(data), "policies"])
        raise RetrievalError(f"There is no collection {name!r}; there is {there}.")
    encoder = Encoder()
    return Retriever(open_existing(folder, encoder), encoder, minimum_confidence)


def _folder(data: Path, name: str) -> Path:
    if not _NAME.fullmatch(name) or name == "policies":
        raise RetrievalError(
            f"A collection cannot be named {name!r}: use letters, digits, '-', '_' and '.', and not 'policies', "
            "which are the shop's own."
        )
    return data / FOLDER / name
