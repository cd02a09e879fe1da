"""Quality of search on the shop's policies and on two public sets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.external_sets import CodeQuestion, code_chunks, code_questions, corpora, span_questions
from benchmarks.policy_questions import DOCUMENTS, load_questions, quality
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import Retriever, open_retriever
from shopbot.tools.retrieval.chunks import Chunk
from shopbot.tools.retrieval.documents import Document
from shopbot.tools.retrieval.store import ChunkStore
from shopbot.tools.retrieval.vectors import chunk_vectors

Ranking = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    part: str
    name: str
    figures: dict[str, float]


def policies(folder: Path) -> list[Row]:
    """The project's own questions about the policies, at the calibrated refusal."""
    retriever = open_retriever(folder / "index", DOCUMENTS)
    rows = [Row("policies", split, asdict(quality(retriever, load_questions(split)))) for split in splits()]
    retriever.close()
    return rows


def splits() -> list[str]:
    """The splits of the policy questions."""
    return ["development", "test"]


def code(folder: Path) -> list[Row]:
    """Recall, nDCG and MRR on the code set."""
    questions = code_questions()
    retriever = code_retriever(folder / "index")
    rows = [Row("code", name, ranked_well(ranking, questions)) for name, ranking in rankings(retriever)]
    retriever.close()
    return rows


def text(folder: Path) -> list[Row]:
    """Recall and precision by characters of five passages on the chunking set."""
    retriever = text_retriever(folder / "index")
    rows = [Row("text", name, covered(retriever, ranking)) for name, ranking in rankings(retriever)]
    retriever.close()
    return rows


def rankings(retriever: Retriever) -> Iterator[tuple[str, Ranking]]:
    """The three ways to rank, over one index."""
    store = retriever.store

    def dense(question: str, k: int) -> list[str]:
        return [key for key, _ in store.nearest_keys(retriever.encoder.encode([question])[0], k)]

    yield "BM25 alone", lambda question, k: [key for key, _ in store.keywords.best(question, k)]
    yield "dense alone", dense
    yield (
        "hybrid",
        lambda question, k: [
            key for passage in retriever.find(question, k).passages for key in (passage.key, *passage.also)
        ][:k],
    )


def code_retriever(index: Path) -> Retriever:
    """The code set, indexed in its own chunks."""
    encoder = Encoder()
    store = ChunkStore(index, encoder)
    chunks = code_chunks()
    for start in range(0, len(chunks), 500):
        batch = chunks[start : start + 500]
        rows = [([chunk.key], chunk, {"source": chunk.source, "heading": chunk.heading}) for chunk in batch]
        store.put(rows, chunk_vectors(batch, encoder))
    return Retriever(store, encoder, minimum_confidence=0)


def text_retriever(index: Path) -> Retriever:
    """The chunking set, split and indexed as any document."""
    encoder = Encoder()
    store = ChunkStore(index, encoder)
    store.ingest_documents([Document(name, name, name, _reading(held)) for name, held in corpora().items()])
    return Retriever(store, encoder, minimum_confidence=0)


def _reading(text: str) -> Callable[[], str]:
    return lambda: text


def ranked_well(ranking: Ranking, questions: Sequence[CodeQuestion]) -> dict[str, float]:
    """R@10, nDCG@10 and MRR, means over the questions."""
    recall, gain, reciprocal = [], [], []
    for question in questions:
        hits = [key in question.gold for key in ranking(question.ask, 50)]
        recall.append(sum(hits[:10]) / len(question.gold))
        best = sum(1 / math.log2(rank + 2) for rank in range(min(10, len(question.gold))))
        gain.append(sum(hit / math.log2(rank + 2) for rank, hit in enumerate(hits[:10])) / best)
        reciprocal.append(1 / (hits.index(True) + 1) if True in hits else 0.0)
    return {"R@10": float(np.mean(recall)), "nDCG@10": float(np.mean(gain)), "MRR": float(np.mean(reciprocal))}


def covered(retriever: Retriever, ranking: Ranking) -> dict[str, float]:
    """Share of the answers' characters that five passages hold, and share of the passages that is answer."""
    texts = corpora()
    recall, precision, lengths = [], [], []
    for question in span_questions():
        chunks = retriever.store.get(ranking(question.ask, 5))
        gold, held = (np.zeros(len(texts[question.document]), dtype=bool) for _ in range(2))
        for start, end in question.spans:
            gold[start:end] = True
        for chunk in chunks.values():
            lengths.append(len(chunk.text))
            if chunk.source == question.document:
                start = _position(texts[question.document], chunk)
                held[start : start + len(chunk.text)] = True
        recall.append((gold & held).sum() / gold.sum())
        precision.append((gold & held).sum() / max(1, sum(len(chunk.text) for chunk in chunks.values())))
    every = [len(chunk.text) for chunk in retriever.store.searchable()]
    return {
        "recall@5": float(np.mean(recall)),
        "precision@5": float(np.mean(precision)),
        "mean chunk": float(np.mean(every)),
        "mean found chunk": float(np.mean(lengths)),
    }


def _position(text: str, chunk: Chunk) -> int:
    start = text.find(chunk.text)
    if start < 0:
        raise ValueError(f"{chunk.key} does not stand in its document.")
    return start
