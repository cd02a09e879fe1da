"""How well an encoder finds passages: hit@3, nDCG@10 and MRR by exact search, and its cosine to another encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Asked:
    """A question and the keys of the passages that answer it, any one of which will do."""

    question: str
    keys: frozenset[str]


@dataclass(frozen=True)
class Found:
    """Means over questions, each from 0 to 1."""

    hit_at_3: float
    ndcg_at_10: float
    mrr: float


def found(questions: Vectors, passages: Vectors, keys: Sequence[str], asked: Sequence[Asked]) -> Found:
    """Rank all passages for each question by cosine and look where the right ones stand.

    Args:
        questions: unit vectors, shape (n, d), of `asked`.
        passages: unit vectors, shape (m, d), of `keys`.

    Raises:
        ValueError: there is no question, or one whose passage is not among `keys`.
    """
    if not asked:
        raise ValueError("There is no question to measure with: keep some back, or name a file of questions.")
    gold = np.array([[key in each.keys for key in keys] for each in asked])
    if not gold.any(axis=1).all():
        lost = asked[int(gold.any(axis=1).argmin())]
        raise ValueError(f"No passage has a key of {sorted(lost.keys)}, which should answer {lost.question!r}.")
    order = np.argsort(-(questions @ passages.T), axis=1, kind="stable")
    hits = np.take_along_axis(gold, order, axis=1)
    return Found(
        hit_at_3=float(hits[:, :3].any(axis=1).mean()),
        ndcg_at_10=float(np.mean([_ndcg(row) for row in hits])),
        mrr=float((1 / (1 + hits.argmax(axis=1))).mean()),
    )


def mean_cosine(one: Vectors, other: Vectors) -> float:
    """Mean cosine of two encoders' unit vectors of the same texts, row by row."""
    return float((one * other).sum(axis=1).mean())


def table(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Both sides by name, with the difference, as lines of text."""
    lines = [f"{'':<18}{'before':>9}{'after':>9}{'change':>9}"]
    for name, value in after.items():
        old = before.get(name)
        lines.append(
            f"{name:<18}{value:>18.4f}" if old is None else f"{name:<18}{old:>9.4f}{value:>9.4f}{value - old:>+9.4f}"
        )
    return "\n".join(lines)


def _ndcg(hits: NDArray[np.bool_], depth: int = 10) -> float:
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    shown = hits[:depth]
    return float((shown * discounts[: len(shown)]).sum() / discounts[: min(depth, int(hits.sum()))].sum())
