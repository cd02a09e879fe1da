"""The index follows its documents, on a real Chroma."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import RetrievalError, open_retriever
from shopbot.tools.retrieval.store import ChunkStore


@pytest.fixture
def store(tmp_path: Path, encoder: Encoder) -> Iterator[ChunkStore]:
    store = ChunkStore(tmp_path / "index", encoder)
    yield store
    store.close()


def keys(store: ChunkStore, encoder: Encoder) -> list[str]:
    return sorted(chunk.key for chunk, _ in store.nearest(encoder.encode(["anything"])[0], k=50))


def test_every_section_can_be_found(store: ChunkStore, encoder: Encoder, documents: Path) -> None:
    report = store.ingest(documents)
    assert report.added == ["returns.md", "shipping.md"]
    assert keys(store, encoder) == ["returns#fees", "returns#window", "shipping#cost"]


def test_ingesting_twice_changes_nothing(store: ChunkStore, encoder: Encoder, documents: Path) -> None:
    store.ingest(documents)
    report = store.ingest(documents)
    assert report.unchanged == ["returns.md", "shipping.md"]
    assert (report.added, report.changed, report.removed) == ([], [], [])
    assert len(keys(store, encoder)) == 3


def test_only_a_changed_document_is_read_again(store: ChunkStore, encoder: Encoder, documents: Path) -> None:
    store.ingest(documents)
    (documents / "returns.md").write_text("# Returns\n\n## Window\nNow 60 days.\n")
    report = store.ingest(documents)
    assert (report.changed, report.unchanged) == (["returns.md"], ["shipping.md"])
    assert keys(store, encoder) == ["returns#window", "shipping#cost"]
    (found, _), *_ = store.nearest(encoder.encode(["return window"])[0], k=1)
    assert found.text == "Now 60 days."


def test_a_removed_document_is_dropped(store: ChunkStore, encoder: Encoder, documents: Path) -> None:
    store.ingest(documents)
    (documents / "returns.md").unlink()
    assert store.ingest(documents).removed == ["returns.md"]
    assert keys(store, encoder) == ["shipping#cost"]


def test_a_file_that_is_not_text_is_skipped_and_named(store: ChunkStore, encoder: Encoder, documents: Path) -> None:
    (documents / "photo.md").write_bytes(b"\xff\xd8\xff")
    (reason,) = store.ingest(documents).skipped
    assert "photo.md is not UTF-8 text" in reason
    assert len(keys(store, encoder)) == 3


def test_a_document_that_can_no_longer_be_read_keeps_its_chunks(
    store: ChunkStore, encoder: Encoder, documents: Path
) -> None:
    store.ingest(documents)
    (documents / "returns.md").write_bytes(b"\xff\xd8\xff")
    store.ingest(documents)
    assert "returns#window" in keys(store, encoder)


def test_a_folder_without_documents_is_named(tmp_path: Path, encoder: Encoder) -> None:
    with pytest.raises(RetrievalError, match="There is no Markdown document"):
        open_retriever(tmp_path / "index", tmp_path / "nowhere", encoder)


def test_a_search_finds_the_passage_and_nothing_for_nonsense(tmp_path: Path, encoder: Encoder, documents: Path) -> None:
    retriever = open_retriever(tmp_path / "index", documents, encoder)
    assert retriever.search("how long can I return it")[0].key == "returns#window"
    assert retriever.search("who was napoleon") == []
    assert retriever.search("   ") == []
    retriever.close()
