"""Multiple negatives ranking: of all passages in a batch, a question's own should be the nearest.

Henderson et al., "Efficient Natural Language Response Suggestion for Smart Reply", 2017, section 4.4, on cosines as in
sentence-transformers; asked in both directions, as CLIP does (Radford et al., 2021).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def ranking_loss(questions: Tensor, passages: Tensor, keys: Tensor, scale: float = 20.0) -> Tensor:
    """Mean cross-entropy of picking a question's own passage among the batch's, and the other way round.

    Args:
        questions: unit vectors, shape (n, d).
        passages: the unit vectors of their passages, row by row, shape (n, d).
        keys: a number for each row's passage, shape (n,): the same passage in another row is no wrong answer.
        scale: the inverse of the temperature; cosines from -1 to 1 are too close together for a softmax.

    Returns:
        One number; 0 when every question is infinitely nearer to its passage than to the others.

    Raises:
        ValueError: questions and passages are not as many.
    """
    if questions.shape != passages.shape or keys.shape != questions.shape[:1]:
        raise ValueError(
            f"{tuple(questions.shape)} questions, {tuple(passages.shape)} passages and {tuple(keys.shape)} keys do not "
            "match: give each question one passage and one key."
        )
    rows = torch.arange(len(keys))
    same = (keys[:, None] == keys[None, :]) & (rows[:, None] != rows[None, :])
    scores = (scale * questions @ passages.T).masked_fill(same, -1e9)
    return (functional.cross_entropy(scores, rows) + functional.cross_entropy(scores.T, rows)) / 2
