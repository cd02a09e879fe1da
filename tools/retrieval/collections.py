"""Named collections of documents, one's own and each tenant's.

    ingest(data, "handbook", ["handbook/", "https://example.com/faq"])
    open_collection(data, "handbook").search("How long do I have?")
    open_collection(data, "handbook", tenant="acme")      # another collection: tenants share nothing
    delete_collection(data, "handbook", tenant="acme")

They are kept in the folder `data`; vectors go where `url` says, when it says something: to a `chroma run` server
(`http://host:port`) or a PostgreSQL with pgvector (`postgresql://…`). See `shopbot.tools.retrieval.places`.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopbot.engines.embedding import shipped_encoder
from shopbot.tools.retrieval import places
from shopbot.tools.retrieval.documents import Document, Unreadable
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.retriever import Retriever

if TYPE_CHECKING:
    from shopbot.tools.retrieval.batches import Progress
    from shopbot.tools.retrieval.ingestion import IngestReport
    from shopbot.tools.retrieval.sources import Limits


def collection_names(data: Path, *, tenant: str | None = None, url: str | None = None) -> list[str]:
    """The collections that `tenant`, or nobody in particular, has."""
    return places.names(data, tenant, url)


def ingest(
    data: Path,
    name: str,
    sources: Sequence[str],
    *,
    tenant: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    url: str | None = None,
) -> IngestReport:
    """Bring collection `name` in step with `sources`, reading again only what changed.

    What was taken in from the same sources and is gone from them is dropped; other sources are left alone. A damaged
    collection is built again from all the sources it had.

    Args:
        metadata: goes with every chunk, for filters; a document's or a row's own comes first.

    Raises:
        RetrievalError: the name cannot be used, or another process has been writing for a minute.
    """
    from shopbot.tools.retrieval.opening import ingest_safely
    from shopbot.tools.retrieval.sources import open_sources

    place = places.place_of(data, name, tenant, url)
    known = _Sources(place.folder)

    def read(named: Sequence[str]) -> Iterator[Document | Unreadable]:
        for found in known.noting(open_sources(named, limits)):
            yield replace(found, metadata={**(metadata or {}), **found.metadata}) if _tagged(found, metadata) else found

    def everything() -> Iterator[Document | Unreadable]:
        given = {str(Path(source).expanduser().absolute()) for source in sources} | set(sources)
        for origin in known.held():
            if "***" in origin:
                yield Unreadable(origin, f"{origin} was in the damaged collection: ingest it again with its password.")
            elif origin not in given:
                yield from read([origin])
        yield from read(sources)

    with place.writing():
        return ingest_safely(place, lambda: read(sources), shipped_encoder(), progress, everything)


def open_collection(
    data: Path,
    name: str,
    minimum_confidence: float | None = None,
    *,
    tenant: str | None = None,
    url: str | None = None,
    reranker: Path | None = None,
) -> Retriever:
    """Search over collection `name` of `tenant`, or of nobody in particular.

    Args:
        minimum_confidence: a question that the documents are less likely to answer finds nothing; by default the
            calibrated value, and 0 always returns the best there is.
        reranker: folder of a cross-encoder that ranks what search finds again.

    Raises:
        RetrievalError: there is no such collection, or its index is damaged.
    """
    from shopbot.tools.retrieval.opening import open_existing

    place = places.place_of(data, name, tenant, url)
    if not place.exists():
        there = ", ".join([*places.names(data, tenant, url), *(["policies"] if tenant is None else [])])
        raise RetrievalError(f"There is no collection {name!r}; there is {there or 'none yet: ingest something'}.")
    encoder = shipped_encoder()
    store = open_existing(place, encoder, _Sources(place.folder).cure(name))
    return Retriever(store, encoder, minimum_confidence, reranker=_reranker(reranker))


def delete_collection(data: Path, name: str, *, tenant: str | None = None, url: str | None = None) -> None:
    """Delete collection `name` of `tenant`, or of nobody in particular, with all that was kept about it.

    Raises:
        RetrievalError: there is no such collection, or another process has been writing for a minute.
    """
    place = places.place_of(data, name, tenant, url)
    if not place.exists():
        raise RetrievalError(f"There is no collection {name!r} to delete.")
    with place.writing():
        place.drop()
        _Sources(place.folder).forget()


def _tagged(found: Document | Unreadable, metadata: Mapping[str, Any] | None) -> bool:
    return bool(metadata) and isinstance(found, Document)


def _reranker(folder: Path | None) -> Any:
    if folder is None:
        return None
    from shopbot.tools.retrieval.reranking import CrossEncoder

    return CrossEncoder(folder)


class _Sources:
    """What a collection was made from, beside its folder: a damaged index cannot say so any more."""

    def __init__(self, folder: Path) -> None:
        self._file = folder.parent / f"{folder.name}.sources.json"

    def held(self) -> list[str]:
        try:
            return [str(origin) for origin in json.loads(self._file.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError):
            return []

    def noting(self, found: Iterable[Document | Unreadable]) -> Iterator[Any]:
        known = self.held()
        for each in found:
            if isinstance(each, Document) and each.origin not in known:
                known.append(each.origin)
                self._file.write_text(json.dumps(known, indent=1), encoding="utf-8")
            yield each

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)

    def cure(self, name: str) -> str:
        held = self.held()
        if not held:
            return "Ingest its sources again."
        command = f"shopbot ingest {shlex.quote(held[0])} --collection {name}"
        return f"Build it again, from all {len(held)} of its sources, with: {command}"
