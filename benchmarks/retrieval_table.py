"""Search beside what one would use instead, on every development set (`benchmarks.retrieval_sets`).

    python -m benchmarks.retrieval_table [SET ...] [--json FILE] [--plot FILE.svg]

nDCG@10 over documents, each at the place of its best passage. The rows: this project's search; LangChain's default
pipeline (recursive splitter 1,000/200, the same MiniLM, nearest by cosine, which is what Chroma returns up to its
index); BM25 over whole documents; the encoder alone over this project's chunks, exact. Vectors are kept in the folder
for temporary files, so a second run is quick. Ends with exit code 1 when search is behind the best of the others by
more than .005 on any set.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from langchain_text_splitters import RecursiveCharacterTextSplitter
from rich.console import Console
from rich.table import Table

from benchmarks import retrieval_chart
from benchmarks.retrieval_memory import KeptEncoder, retriever_over
from benchmarks.retrieval_quality import Row
from benchmarks.retrieval_sets import Asked, Set, sets
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import Retriever
from shopbot.tools.retrieval.keywords import KeywordIndex, Searchable
from shopbot.tools.retrieval.ranking import search_configuration

OURS = "ShopBot"
MOST_BEHIND = 0.005
FOUND = 10

Ranking = Callable[[str], Iterable[str]]
"""The names of documents for a question, best first; a name may come again."""


def main() -> int:
    """Print the table; 1 when a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", help="names of sets; all by default")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--plot", type=Path, help="SVG file for the figures")
    options = parser.parse_args()
    encoder, rows = KeptEncoder(), []
    for each in sets():
        if not options.sets or each.name in options.sets:
            rows.append(Row(each.name, each.name, measured(each, encoder)))
            encoder.keep()
    show(rows)
    if options.json:
        options.json.write_text(json.dumps({row.name: row.figures for row in rows}, indent=1), encoding="utf-8")
    if options.plot:
        retrieval_chart.compare(rows, options.plot)
    behind = [row.name for row in rows if row.figures[OURS] < max(row.figures.values()) - MOST_BEHIND]
    print(f"behind by more than {MOST_BEHIND} on: {', '.join(behind) or 'none'}")
    return int(bool(behind))


def measured(each: Set, encoder: Encoder) -> dict[str, float]:
    """nDCG@10 of every row on one set."""
    with tempfile.TemporaryDirectory() as folder:
        retriever = retriever_over(each.documents, Path(folder) / "index", encoder)
        rankings = {
            OURS: ours(retriever),
            "LangChain default": langchain_default(each.documents, encoder),
            "BM25, whole files": whole_files(each.documents),
            "encoder alone": encoder_alone(retriever),
        }
        return {name: float(np.mean([gain(rank(q.ask), q) for q in each.questions])) for name, rank in rankings.items()}


def ours(retriever: Retriever) -> Ranking:
    """Search as it ships, whatever it would refuse."""

    def ranking(question: str) -> list[str]:
        found = retriever.find(question, 3 * FOUND).passages
        return [key.rpartition("#")[0] for passage in found for key in (passage.key, *passage.also)]

    return ranking


def encoder_alone(retriever: Retriever) -> Ranking:
    """The nearest of this project's chunks."""

    def ranking(question: str) -> list[str]:
        near = retriever.store.nearest_keys(retriever.encoder.encode([question])[0], 10 * FOUND)
        return [key.rpartition("#")[0] for key, _ in near]

    return ranking


def langchain_default(documents: dict[str, str], encoder: Encoder) -> Ranking:
    """The nearest of the pieces that LangChain's tutorials make."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    pieces = [(name, piece) for name, text in documents.items() for piece in splitter.split_text(text)]
    vectors = encoder.encode([piece for _, piece in pieces])

    def ranking(question: str) -> list[str]:
        order = np.argsort(-(vectors @ encoder.encode([question])[0]), kind="stable")[: 10 * FOUND]
        return [pieces[row][0] for row in order]

    return ranking


def whole_files(documents: dict[str, str]) -> Ranking:
    """Words alone, with this project's stems."""
    searchable = (Searchable(name, "", text) for name, text in documents.items())
    index = KeywordIndex.build(searchable, search_configuration().keywords)
    return lambda question: [key for key, _ in index.best(question, FOUND)]


def gain(ranked: Iterable[str], question: Asked) -> float:
    """nDCG@10 of one question; a document counts where it first stands."""
    names: Sequence[str] = list(dict.fromkeys(ranked))[:FOUND]
    best = sum(1 / math.log2(place + 2) for place in range(min(FOUND, len(question.gold))))
    return sum(1 / math.log2(place + 2) for place, name in enumerate(names) if name in question.gold) / best


def show(rows: list[Row]) -> None:
    """Print a row a method and a column a set."""
    table = Table("nDCG@10", *(row.name for row in rows))
    for method in rows[0].figures:
        table.add_row(method, *(f"{row.figures[method]:.3f}" for row in rows))
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
