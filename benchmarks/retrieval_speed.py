"""Time and memory of search over 10,000 chunks, and how true the vector index is to exact search.

The chunks are five sentences of the shop's policies each, drawn by chance, about 500 characters.
"""

from __future__ import annotations

import random
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.cache_vectors import policy_chunks
from benchmarks.policy_questions import load_questions
from benchmarks.retrieval_quality import Row
from engines.embedding import Encoder
from tools.retrieval import Retriever
from tools.retrieval.documents import Document
from tools.retrieval.sentences import sentences
from tools.retrieval.store import ChunkStore

CHUNKS = 10_000
DOCUMENT = 50


def speed(folder: Path, count: int = CHUNKS) -> list[Row]:
    """Ingest `count` chunks and ask the development questions."""
    encoder = Encoder()
    encoder.encode(["warm"])
    store = ChunkStore(folder / "index", encoder)
    start = time.perf_counter()
    store.ingest_documents(documents(encoder, count))
    ingestion = time.perf_counter() - start
    retriever = Retriever(store, encoder, minimum_confidence=0)
    asked = [each["ask"] for each in load_questions("development")["answerable"]]
    wall, cpu = timed(retriever, asked)
    figures = {
        "chunks/s": store.keywords.size / ingestion,
        "p50 ms": wall,
        "p50 CPU ms": cpu,
        "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "recall": index_recall(store, encoder, asked),
    }
    retriever.close()
    return [Row("speed", f"{count:,} chunks", figures)]


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
        yield Document(f"d{number}", f"d{number}", str(hash(text)), lambda text=text: text)  # type: ignore[misc]


def timed(retriever: Retriever, asked: list[str]) -> tuple[float, float]:
    """Median wall and CPU milliseconds of a search."""
    retriever.search(asked[0])
    wall, cpu = [], []
    for question in asked:
        start, used = time.perf_counter(), time.process_time()
        retriever.search(question)
        wall.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - used))
    return statistics.median(wall), statistics.median(cpu)


def index_recall(store: ChunkStore, encoder: Encoder, asked: list[str]) -> float:
    """Share of the ten exactly nearest chunks that the index finds."""
    keys, vectors = store.vectors()
    found = []
    for vector in encoder.encode(asked):
        exact = {keys[row] for row in np.argsort(-(vectors @ vector))[:10]}
        found.append(len(exact & {key for key, _ in store.nearest_keys(vector, 10)}) / 10)
    return statistics.mean(found)
