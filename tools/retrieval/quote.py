"""Picks the one or two sentences of a passage that answer a question, exactly as they stand in it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.keywords import stems
from shopbot.tools.retrieval.sentences import sentences

LEXICAL_WEIGHT = 0.3
SECOND_SENTENCE_MARGIN = 0.12


def best_quote(question: str, text: str, encoder: Encoder) -> str:
    """The sentence of `text` nearest to `question`, with a neighbour that is nearly as near."""
    spans = sentences(text)
    if not spans:
        return ""
    said = [text[span.start : span.end] for span in spans]
    scores = _scores(question, tuple(said), encoder)
    best = int(scores.argmax())
    first, last = _with_neighbour(scores, best)
    return text[spans[first].start : spans[last].end]


def _with_neighbour(scores: NDArray[np.float32], best: int) -> tuple[int, int]:
    beside = [index for index in (best - 1, best + 1) if 0 <= index < len(scores)]
    near = [index for index in beside if scores[best] - scores[index] <= SECOND_SENTENCE_MARGIN]
    second = max(near, key=lambda index: scores[index], default=best)
    return min(best, second), max(best, second)


def _scores(question: str, said: tuple[str, ...], encoder: Encoder) -> NDArray[np.float32]:
    similarity = _vectors(said, encoder) @ encoder.encode([question])[0]
    wanted = stems(question)
    overlap = [len(wanted & stems(sentence)) / max(len(wanted), 1) for sentence in said]
    total: NDArray[np.float32] = similarity + LEXICAL_WEIGHT * np.array(overlap, dtype=np.float32)
    return total


@lru_cache(maxsize=512)
def _vectors(said: tuple[str, ...], encoder: Encoder) -> NDArray[np.float32]:
    return encoder.encode(said)
