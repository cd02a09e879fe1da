"""Reciprocal rank fusion: one ranking from two, without comparing their scores."""

from __future__ import annotations

from collections.abc import Sequence

from shopbot.tools.retrieval.configuration import Fusion


def fuse(
    dense: Sequence[str], keywords: Sequence[str], rarity: float, parameters: Fusion, *, guided: bool = False
) -> list[tuple[str, float]]:
    """Keys with their scores, best first; 1 is first place in both rankings.

    Args:
        dense: keys by meaning, best first.
        keywords: keys by BM25, best first.
        rarity: of the question's words that the documents have, summed: how much keywords have to go by.
        guided: the documents came with sample questions, by which the ranking by meaning is surer.
    """
    weight = min(
        rarity / (parameters.keywords_par_guided if guided else parameters.keywords_par), parameters.keywords_most
    )
    scores: dict[str, float] = {}
    for ranking, share in ((dense, parameters.dense), (keywords, weight)):
        for rank, key in enumerate(ranking):
            scores[key] = scores.get(key, 0.0) + share / (parameters.constant + rank)
    most = (parameters.dense + weight) / parameters.constant or 1.0
    return sorted(((key, score / most) for key, score in scores.items()), key=lambda pair: -pair[1])
