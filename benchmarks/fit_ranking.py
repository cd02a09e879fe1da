"""Shows what weights of search (`tools/retrieval/search.yaml`) do on the development sets, best mean first.

    python -m benchmarks.fit_ranking [SET ...]

Every combination of a grid is judged by its mean nDCG@10 over the sets, as `benchmarks.retrieval_table` counts it. The
shipped one, first, is not the best of all: it was chosen among the good ones as nowhere more than .005 behind the best
of the other methods. The rows "without SET" are the best of the grid for all other sets: what they give on SET itself
shows how much the choice owes to the questions that it is judged by.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.retrieval_memory import KeptEncoder, retriever_over
from benchmarks.retrieval_sets import Asked, Set, sets
from benchmarks.retrieval_table import gain
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.keywords import sentences_of
from shopbot.tools.retrieval.ranking import Candidates, Weights, rank, search_configuration

CONTEXT, PASSAGE, DOCUMENT, HEADING = (
    (0.0, 0.3, 0.5),
    (0.05, 0.1, 0.15, 0.2),
    (0.0, 0.06, 0.12, 0.18),
    (0.0, 0.08, 0.16),
)
SHOWN = 12

Found = list[tuple[Asked, Candidates]]


def main() -> int:
    """Print the best combinations and the shipped one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", help="names of sets; all by default")
    chosen, encoder = parser.parse_args().sets, KeptEncoder()
    found = {each.name: candidates(each, encoder) for each in sets() if not chosen or each.name in chosen}
    encoder.keep()
    shipped = search_configuration().weights
    results = [(weights, [judged(held, weights) for held in found.values()]) for weights in (shipped, *grid())]
    print(f"{'context, passage, document, heading':<40} mean  {' '.join(f'{name:>9}' for name in found)}")
    for weights, gains in [results[0], *sorted(results[1:], key=lambda each: -np.mean(each[1]))[:SHOWN]]:
        show(str(tuple(weights.model_dump().values())), gains)
    for left, name in enumerate(found):
        weights, gains = max(results[1:], key=lambda each: np.mean(np.delete(each[1], left)))
        show(f"without {name}: {tuple(weights.model_dump().values())}", gains)
    return 0


def grid() -> Iterator[Weights]:
    """Every combination."""
    for context, passage, document, heading in itertools.product(CONTEXT, PASSAGE, DOCUMENT, HEADING):
        yield Weights(context=context, passage=passage, document=document, heading=heading)


def candidates(each: Set, encoder: Encoder) -> Found:
    """What search has to rank for every question of a set."""
    with tempfile.TemporaryDirectory() as folder:
        store = retriever_over(each.documents, Path(folder) / "index", encoder).store
        found = []
        for question in each.questions:
            said = sentences_of(question.ask)
            found.append((question, store.candidates(said, encoder.encode(said), search_configuration().candidates)))
        return found


def judged(found: Found, weights: Weights) -> float:
    """Mean nDCG@10 of a ranking by `weights`."""
    return float(np.mean([gain((key.rpartition("#")[0] for key, _ in rank(c, weights)), q) for q, c in found]))


def show(name: str, gains: list[float]) -> None:
    """Print one line."""
    print(f"{name:<40} {np.mean(gains):.4f} {' '.join(f'{value:9.3f}' for value in gains)}")


if __name__ == "__main__":
    sys.exit(main())
