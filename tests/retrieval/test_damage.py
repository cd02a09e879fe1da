"""An index that was killed, damaged or shared comes back whole, because the documents are the truth."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import RetrievalError, Retriever, locking, open_retriever, store

REPOSITORY = Path(__file__).parents[2]
INGEST = """
import sys
from pathlib import Path
from shopbot.tools.retrieval import open_retriever
open_retriever(Path(sys.argv[1]), Path(sys.argv[2])).close()
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.store import ChunkStore

class Dying(Encoder):
    "Kills its own process when it is asked about the last document."
    def encode(self, texts):
        if any("document number 4" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts)

ChunkStore(Path(sys.argv[1]), Dying()).ingest(Path(sys.argv[2]))
"""


def start(program: str, *arguments: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE)


def all_keys(retriever: Retriever) -> set[str]:
    vector = retriever.encoder.encode(["anything"])[0]
    return {chunk.key for chunk, _ in retriever.store.nearest(vector, k=100)}


@pytest.fixture
def five_documents(tmp_path: Path) -> Path:
    folder = tmp_path / "five"
    folder.mkdir()
    for number in range(5):
        sections = "\n".join(f"## Section {part}\nThis is document number {number}.\n" for part in range(3))
        (folder / f"d{number}.md").write_text(sections)
    return folder


FIFTEEN = {f"d{number}#section-{part}" for number in range(5) for part in range(3)}


def test_kill_in_the_middle_of_ingestion_is_made_good(tmp_path: Path, five_documents: Path, encoder: Encoder) -> None:
    process = start(KILLED, tmp_path / "index", five_documents)
    problem = process.communicate(timeout=60)[1]
    assert process.returncode == -signal.SIGKILL, problem
    retriever = open_retriever(tmp_path / "index", five_documents, encoder)
    assert all_keys(retriever) == FIFTEEN
    retriever.close()


def test_a_half_written_document_is_written_again(tmp_path: Path, five_documents: Path, encoder: Encoder) -> None:
    half = store.ChunkStore(tmp_path / "index", encoder)
    half.ingest(five_documents)
    half.delete(["d2#section-1"])
    assert half.ingest(five_documents).changed == ["d2.md"]
    half.close()


def test_two_processes_that_start_at_once_build_one_whole_index(
    tmp_path: Path, five_documents: Path, encoder: Encoder
) -> None:
    both = [start(INGEST, tmp_path / "index", five_documents) for _ in range(2)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in both] == [(b"", 0)] * 2
    retriever = open_retriever(tmp_path / "index", five_documents, encoder)
    assert all_keys(retriever) == FIFTEEN
    retriever.close()


def overwrite(database: Path) -> None:
    database.write_bytes(b"this is not a database" * 500)


def truncate(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 2)


def drop_a_table(database: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(database)
    connection.execute("DROP TABLE collections")
    connection.commit()
    connection.close()


def replace_by_a_folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


@pytest.mark.parametrize("damage", [overwrite, truncate, drop_a_table, replace_by_a_folder])
def test_a_damaged_index_is_rebuilt_with_one_line_in_the_log(
    tmp_path: Path,
    five_documents: Path,
    encoder: Encoder,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
) -> None:
    index = tmp_path / "index"
    open_retriever(index, five_documents, encoder).close()
    damage(index / "chroma.sqlite3")
    with caplog.at_level(logging.WARNING, logger="shopbot.tools.retrieval"):
        retriever = open_retriever(index, five_documents, encoder)
    assert all_keys(retriever) == FIFTEEN
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("shopbot.tools.retrieval")]
    assert "is damaged" in line
    assert "\n" not in line
    retriever.close()


def test_a_second_writer_is_told_to_wait(
    tmp_path: Path, documents: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr(locking, "LOCK_TIMEOUT_S", 0.1)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locking.writing(tmp_path / "index"):
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    with pytest.raises(RetrievalError, match=r"Another process \(number \d+\) has held"):
        open_retriever(tmp_path / "index", documents, encoder)
    done.set()
    thread.join()


def test_an_index_folder_that_cannot_be_made_is_named(tmp_path: Path, documents: Path, encoder: Encoder) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RetrievalError, match="cannot be written"):
        open_retriever(tmp_path / "file" / "index", documents, encoder)
