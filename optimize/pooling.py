"""From the vectors of tokens to one of the text. Needs torch."""

from __future__ import annotations

from torch import Tensor


def mean_of_tokens(states: Tensor, mask: Tensor) -> Tensor:
    """The mean vector of each row's real tokens.

    Args:
        states: (rows, tokens, width).
        mask: (rows, tokens), 0 where a token is padding.

    Returns:
        (rows, width).
    """
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)
