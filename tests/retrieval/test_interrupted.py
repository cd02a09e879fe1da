"""Ingestion that is killed, damaged or run twice at once, with the `shopbot` command as real processes."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import RetrievalError, collections
from shopbot.tools.retrieval.collections import ingest, open_collection
from shopbot.tools.retrieval.places import embedded
from shopbot.tools.retrieval.store import ChunkStore

REPOSITORY = Path(__file__).parents[2]
SECTIONS = 20


class Counting(Encoder):
    """Remembers what it encoded."""

    encoded: list[str] = []  # noqa: RUF012 -- shared on purpose: `ingest` makes its own encoder

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        Counting.encoded += texts
        return super().encode(texts)


def books(folder: Path, count: int, word: str = "book") -> Path:
    folder.mkdir()
    for number in range(count):
        parts = [f"## Part {part}\nThis is {word} {number}, part {part}.\n" for part in range(SECTIONS)]
        (folder / f"{word}{number:02}.md").write_text("\n".join(parts))
    return folder


def shopbot(data: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    program = Path(sys.executable).with_name("shopbot")
    command = [program, *map(str, arguments), "--data", str(data), "--json"]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stored(data: Path) -> int:
    """Chunks that are stored, read from outside while another process writes."""
    import sqlite3

    try:
        connection = sqlite3.connect(f"file:{data}/collections/books/chroma.sqlite3?mode=ro", uri=True)
        try:
            return int(connection.execute("SELECT count(*) FROM embeddings").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error:
        return 0


def test_a_run_that_is_killed_leaves_a_store_that_answers_and_the_next_one_goes_on_from_there(
    tmp_path: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = books(tmp_path / "books", 20)
    process = shopbot(data_folder, "ingest", folder, "--collection", "books")
    while process.poll() is None and stored(data_folder) < 2 * SECTIONS:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, "it was done before it could be killed"

    retriever = open_collection(data_folder, "books")
    half = len(list(retriever.store.searchable()))
    assert 2 * SECTIONS <= half < 20 * SECTIONS
    assert retriever.search("book 0, part 7")[0].source == "books/book00.md"
    retriever.close()

    monkeypatch.setattr(collections, "shipped_encoder", Counting)
    Counting.encoded.clear()
    ingest(data_folder, "books", [str(folder)])
    assert len(Counting.encoded) == 20 * SECTIONS - half
    retriever = open_collection(data_folder, "books")
    assert len(list(retriever.store.searchable())) == 20 * SECTIONS == retriever.store.keywords.size
    retriever.close()


def test_two_processes_that_ingest_different_sources_at_once_lose_nothing(tmp_path: Path, data_folder: Path) -> None:
    folders = [books(tmp_path / word, 3, word) for word in ("novel", "atlas")]
    both = [shopbot(data_folder, "ingest", folder, "--collection", "books") for folder in folders]
    reports = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert [report["chunks"] for report in reports] == [3 * SECTIONS] * 2
    retriever = open_collection(data_folder, "books")
    every = [chunk.key for chunk in retriever.store.searchable()]
    keys, vectors = retriever.store.vectors()
    assert len(every) == 6 * SECTIONS
    # Each is found by its own vector: none was lost from the index.
    lost = [
        key for key, vector in zip(keys, vectors, strict=True) if retriever.store.nearest_keys(vector, 1)[0][1] < 0.99
    ]
    assert lost == []
    retriever.close()


def damage(data: Path) -> None:
    (data / "collections" / "books" / "chroma.sqlite3").write_bytes(b"this is no database" * 999)


def test_a_damaged_collection_says_how_to_build_it_again(tmp_path: Path, data_folder: Path) -> None:
    folder = books(tmp_path / "books", 1)
    ingest(data_folder, "books", [str(folder)])
    damage(data_folder)
    with pytest.raises(RetrievalError) as failure:
        open_collection(data_folder, "books")
    assert "is damaged" in str(failure.value)
    assert f"shopbot ingest {folder} --collection books" in str(failure.value)


def test_a_damaged_collection_is_built_again_from_all_the_sources_it_had(
    tmp_path: Path, data_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folders = [books(tmp_path / word, 1, word) for word in ("novel", "atlas")]
    for folder in folders:
        ingest(data_folder, "books", [str(folder)])
    damage(data_folder)
    with caplog.at_level(logging.WARNING, logger="shopbot.tools.retrieval"):
        report = ingest(data_folder, "books", [str(folders[1])])
    assert report.added == ["novel/novel00.md", "atlas/atlas00.md"]
    assert "is damaged" in caplog.text


def test_a_source_whose_password_is_not_kept_is_named_when_the_collection_is_built_again(
    tmp_path: Path, data_folder: Path
) -> None:
    ingest(data_folder, "books", [str(books(tmp_path / "books", 1))])
    held = data_folder / "collections" / "books.sources.json"
    held.write_text(json.dumps([*json.loads(held.read_text()), "postgresql://shop:***@host/shop#SELECT 1"]))
    damage(data_folder)
    report = ingest(data_folder, "books", [str(tmp_path / "books")])
    assert any("ingest it again with its password" in reason for reason in report.skipped)


def test_a_document_that_cannot_be_split_does_not_count_as_damage(tmp_path: Path, data_folder: Path) -> None:
    folder = books(tmp_path / "books", 1)
    ingest(data_folder, "books", [str(folder)])
    version = (data_folder / "collections" / "books" / "version").read_text()
    (folder / "odd.jsonl").write_text('{"id": "\\ud800", "text": "half a pair \\udc00", "tag\\ud800": "\\ud800"}\n')
    report = ingest(data_folder, "books", [str(folder)])
    assert (report.skipped, report.added) == ([], ["books/odd.jsonl"])
    assert (data_folder / "collections" / "books" / "version").read_text() != version


def test_lines_that_were_left_out_are_said_again_the_next_time(tmp_path: Path, data_folder: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\nbroken\n')
    first = ingest(data_folder, "books", [str(tmp_path / "a.jsonl")])
    second = ingest(data_folder, "books", [str(tmp_path / "a.jsonl")])
    assert first.skipped == second.skipped != []
    assert (second.unchanged, second.changed) == (["a.jsonl"], [])


def test_metadata_that_changes_is_written_without_encoding_again(
    tmp_path: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = books(tmp_path / "books", 1)
    ingest(data_folder, "books", [str(folder)], metadata={"language": "en", "old": "yes"})
    monkeypatch.setattr(collections, "shipped_encoder", Counting)
    Counting.encoded.clear()
    report = ingest(data_folder, "books", [str(folder)], metadata={"language": "de"})
    assert (report.changed, Counting.encoded) == (["books/book00.md"], [])
    retriever = open_collection(data_folder, "books", 0)
    assert retriever.search("part", where={"language": "en"}) == []
    assert retriever.search("part", 1, {"language": "de"})[0].metadata == {"language": "de"}
    retriever.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_collection_that_may_not_be_written_is_named(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(RetrievalError, match="cannot be written"):
        ChunkStore(embedded(tmp_path / "locked" / "index"), encoder).ingest(tmp_path)
