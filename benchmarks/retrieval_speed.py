"""Time and memory of search over 10,000 and 100,000 chunks, and how true the vector index is to exact search.

The chunks are five sentences of the shop's policies each, drawn by chance, about 500 characters. Ingestion is measured
on 1,000 that are encoded. There is no time for that with more: their vectors are those of the 1,000 with noise of half
their length added (cosine about .8 between two from the same chunk). Searching is measured in a process of its own, as
`shopbot` would run, and encodes the question.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.cache_vectors import policy_chunks
from benchmarks.policy_questions import load_questions
from benchmarks.retrieval_quality import Row
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import Retriever
from shopbot.tools.retrieval.documents import Document
from shopbot.tools.retrieval.filters import Where
from shopbot.tools.retrieval.places import embedded
from shopbot.tools.retrieval.sentences import sentences
from shopbot.tools.retrieval.store import ChunkStore

CHUNKS, MANY_CHUNKS = 10_000, 100_000
DOCUMENT = 50
POOL = 1_000
NOISE = 0.5
FILTER: Where = {"shelf": {"$lte": 2}}
"""Met by three tenths of the chunks."""


class Jittered(Encoder):
    """Draws from real vectors and adds noise, instead of encoding what is ingested."""

    def __init__(self, pool: NDArray[np.float32]) -> None:
        super().__init__()
        self._pool = pool
        self._chance = np.random.default_rng(7)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A unit vector for each text, near one of the pool."""
        drawn = self._pool[self._chance.integers(len(self._pool), size=len(texts))]
        noise = self._chance.normal(scale=NOISE * drawn.shape[1] ** -0.5, size=drawn.shape).astype(np.float32)
        made: NDArray[np.float32] = drawn + noise
        return made / np.linalg.norm(made, axis=1, keepdims=True)


def speed(folder: Path) -> list[Row]:
    """Ingestion of 1,000 chunks that are encoded, and search over 10,000."""
    encoder = Encoder()
    encoder.encode(["warm"])
    return [_ingested(folder / "encoded", encoder, POOL), _searched(folder / "index", CHUNKS)]


def many(folder: Path) -> list[Row]:
    """Search over 100,000 chunks."""
    return [_searched(folder / "index", MANY_CHUNKS)]


def _ingested(index: Path, encoder: Encoder, count: int) -> Row:
    store = ChunkStore(embedded(index), encoder)
    start, used = time.perf_counter(), time.process_time()
    store.ingest_documents(documents(encoder, count))
    taken, busy = time.perf_counter() - start, time.process_time() - used
    size = store.keywords.size
    store.close()
    figures = {"chunks/s": size / taken, "chunks/CPU s": size / busy, "ingest MB": peak_megabytes()}
    return Row("ingestion", f"{count:,} chunks", figures)


def _searched(index: Path, count: int) -> Row:
    real = Encoder()
    texts = [part for document in documents(real, POOL) for part in document.text.split("## ") if part.strip()]
    ingested = _ingested(index, Jittered(real.encode(texts)), count)
    command = [sys.executable, "-m", "benchmarks.retrieval_speed", str(index)]
    searched = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return Row("speed", ingested.name, searched | {"ingest MB": ingested.figures["ingest MB"]})


def searching(index: Path) -> dict[str, float]:
    """Figures of searching an index that there is, with the development questions."""
    encoder = Encoder()
    store = ChunkStore(embedded(index), encoder)
    retriever = Retriever(store, encoder, minimum_confidence=0)
    asked = [each["ask"] for each in load_questions("development")["answerable"]]
    wall, cpu = timed(retriever, asked)
    _, filtered = timed(retriever, asked, FILTER)
    memory = peak_megabytes()
    figures = {"p50 ms": wall, "p50 CPU ms": cpu, "filtered CPU ms": filtered, "search MB": memory}
    figures["recall"] = index_recall(store, encoder, asked)
    retriever.close()
    return figures


def documents(encoder: Encoder, count: int) -> Iterator[Document]:
    """Documents of 50 sections each."""
    chance = random.Random(7)
    chunks = policy_chunks(encoder)
    said = [chunk.text[span.start : span.end] for chunk in chunks for span in sentences(chunk.text)]
    for number in range(count // DOCUMENT):
        parts = [
            f"## {chance.choice(chunks).heading} {part}\n{' '.join(chance.sample(said, 5))}\n"
            for part in range(DOCUMENT)
        ]
        text = "\n".join(parts)
        yield Document(f"d{number}", f"d{number}", str(number), lambda text=text: text, metadata={"shelf": number % 10})  # type: ignore[misc]


def timed(retriever: Retriever, asked: list[str], where: Where | None = None) -> tuple[float, float]:
    """Median wall and CPU milliseconds of a search."""
    retriever.search(asked[0], where=where)
    wall, cpu = [], []
    for question in asked:
        start, used = time.perf_counter(), time.process_time()
        retriever.search(question, where=where)
        wall.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - used))
    return statistics.median(wall), statistics.median(cpu)


def peak_megabytes() -> float:
    """The most memory that this process has held. What `getrusage` says, a child has from its parent."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def index_recall(store: ChunkStore, encoder: Encoder, asked: list[str]) -> float:
    """Share of the ten exactly nearest chunks that the index finds."""
    keys, vectors = store.vectors()
    found = []
    for vector in encoder.encode(asked):
        exact = {keys[row] for row in np.argsort(-(vectors @ vector))[:10]}
        found.append(len(exact & {key for key, _ in store.nearest_keys(vector, 10)}) / 10)
    return statistics.mean(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure searching an index that there is.")
    parser.add_argument("index", type=Path)
    print(json.dumps(searching(parser.parse_args().index)))
