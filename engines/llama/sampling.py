"""The next token: the likeliest that the grammar lets through, and that keeps the text valid UTF-8.

Asking the grammar about every token of a vocabulary of 150,000 costs tens of milliseconds, so it is asked about the
likeliest first, then about a few hundred, then about all: nearly always the first answer is enough.
"""

from __future__ import annotations

import codecs
import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
_FEW = 256


Pieces = Callable[[int], bytes | None]
"""The bytes of a token; empty for one that ends the answer, None for one that must not stand in it."""


Weigh = Literal["kind", "token"]
"""A probability of the very token, or of its kind: whether a tag begins (a call, a thought) or a reply."""


class GrammarError(ValueError):
    """llama.cpp cannot read the grammar, or the vocabulary has no token that continues it."""


class Choice(NamedTuple):
    """A token, the text that it completes, and its probability among the tokens that were asked about."""

    token: int
    text: str
    probability: float


class Sampler:
    """Chooses the tokens of one answer."""

    def __init__(
        self, vocabulary: Any, pieces: Pieces, grammar: str | None, *, temperature: float = 0.0, seed: int = 0
    ) -> None:
        """`vocabulary` is llama.cpp's; at `temperature` 0 the likeliest token is taken.

        Raises:
            GrammarError: the grammar cannot be read.
        """
        from llama_cpp import llama_cpp

        self._cpp = llama_cpp
        self._pieces = pieces
        self._temperature = temperature
        self._chance = np.random.default_rng(seed)
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._grammar: Any = None
        if grammar is not None:
            self._grammar = llama_cpp.llama_sampler_init_grammar(vocabulary, grammar.encode(), b"root")
            if not self._grammar:
                raise GrammarError(f"llama.cpp cannot read the grammar: {grammar[:200]!r}")

    def close(self) -> None:
        """Free what llama.cpp holds."""
        if self._grammar:
            self._cpp.llama_sampler_free(self._grammar)
            self._grammar = None

    def choose(self, logits: Logits, *, preferred: Sequence[int] = (), weigh: Weigh | None = None) -> Choice:
        """The next token of the answer.

        Args:
            logits: one for each token of the vocabulary.
            preferred: tokens to take first if the grammar lets them through, to bring an answer to its end.
            weigh: of what the probability is wanted, if it is; it takes asking about more tokens.

        Raises:
            GrammarError: no token continues the answer.
        """
        scores = logits
        if self._temperature > 0:
            # Gumbel-max: the largest of logits with Gumbel noise is a sample of their softmax.
            noise = self._chance.gumbel(size=len(logits)).astype(np.float32)
            scores = logits / np.float32(self._temperature) + noise
        for candidates in _waves(scores, preferred, weigh):
            allowed = self._let_through(candidates, logits)
            for token in map(int, allowed):
                text = self._completed(token)
                if text is not None:
                    if self._grammar:
                        self._cpp.llama_sampler_accept(self._grammar, token)
                    return Choice(token, text, self._share(token, allowed, logits, weigh))
        raise GrammarError("no token of this model continues the answer: its vocabulary lacks single bytes")

    def _share(self, token: int, allowed: NDArray[Any], logits: Logits, weigh: Weigh | None) -> float:
        """The probability of `token`, or of its kind, among `allowed`."""
        weights = np.exp(logits[allowed] - logits[allowed].max())
        alike = allowed == token
        if weigh == "kind":
            tag = self._begins_tag(token)
            alike = np.asarray([self._begins_tag(int(other)) == tag for other in allowed])
        return float(weights[alike].sum() / weights.sum())

    def _begins_tag(self, token: int) -> bool:
        return (self._pieces(token) or b"").startswith(b"<")

    def _completed(self, token: int) -> str | None:
        """The text that `token` completes; None if it must not stand in an answer."""
        piece = self._pieces(token)
        if piece is None:
            return None
        before = self._text.getstate()
        try:
            return self._text.decode(piece)
        except UnicodeDecodeError:
            self._text.setstate(before)
            return None

    def _let_through(self, candidates: NDArray[Any], logits: Logits) -> NDArray[Any]:
        """Those of the candidates that the grammar allows, in their order."""
        if not self._grammar:
            return candidates
        rows = np.zeros(len(candidates), dtype=[("id", np.int32), ("logit", np.float32), ("p", np.float32)])
        rows["id"], rows["logit"] = candidates, np.maximum(logits[candidates], np.float32(-1e30))
        array = self._cpp.llama_token_data_array(
            data=rows.ctypes.data_as(self._cpp.llama_token_data_p), size=len(rows), selected=-1, sorted=False
        )
        self._cpp.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return candidates[rows["logit"] > -np.inf]


def _waves(scores: Logits, preferred: Sequence[int], weigh: Weigh | None) -> Iterator[NDArray[Any]]:
    """Ever more tokens to ask about, each wave from the likeliest down."""
    if preferred:
        yield np.asarray(preferred)
    if weigh is None:
        yield np.asarray([scores.argmax()])
    few = min(_FEW, len(scores))
    likely = np.argpartition(scores, -few)[-few:]
    yield likely[np.argsort(-scores[likely])]
    yield np.argsort(-scores)
