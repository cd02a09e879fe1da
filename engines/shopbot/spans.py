"""Token probabilities -> spans of the message: words vote, neighbours of one kind join, edges are trimmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_TRIMMED = " \t\r\n.,;:!?\"'"
# Several items stand side by side; two halves of one number or address are one value.
_SEPARABLE = frozenset({"ITEM", "QTY"})

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Span:
    """A value in the message: `message[start:end] == text`; `score` is the mean probability of its words."""

    kind: str
    text: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    kind: str
    begins: bool
    score: float


def decode_spans(
    message: str,
    offsets: Sequence[tuple[int, int]],
    word_ids: Sequence[int | None],
    tags: Floats,
    names: Sequence[str],
) -> tuple[Span, ...]:
    """Spans of a message from the tag probabilities of its tokens (`tags`: tokens x names)."""
    kinds = list(dict.fromkeys(name[2:] for name in names if name != "O"))
    begin = [names.index(f"B-{kind}") for kind in kinds]
    inside = [names.index(f"I-{kind}") for kind in kinds]
    tokens = np.array([token for token, word in enumerate(word_ids) if word is not None], dtype=np.intp)
    if not len(tokens):
        return ()
    numbers = np.array([word_ids[token] for token in tokens])
    firsts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
    lengths = np.diff(firsts, append=len(tokens))
    # All words at once: one mean a word would take longer than the network.
    means = np.add.reduceat(tags[tokens], firsts, axis=0) / lengths[:, None]
    of_kinds = means[:, begin] + means[:, inside]
    words = []
    for word in np.flatnonzero(of_kinds.max(axis=1) > means[:, names.index("O")]):
        best = int(of_kinds[word].argmax())
        first, last = tokens[firsts[word]], tokens[firsts[word] + lengths[word] - 1]
        begins = bool(tags[first, begin[best]] > tags[first, inside[best]])
        score = float(of_kinds[word, best])
        words.append(_Word(offsets[first][0], offsets[last][1], kinds[best], begins, score))
    spans = [span for run in _runs(words, message) if (span := _span(run, message)) is not None]
    # Two fragments of one address grow into the same range.
    return tuple({(span.kind, span.start, span.end): span for span in spans}.values())


def _runs(words: list[_Word], message: str) -> list[list[_Word]]:
    runs: list[list[_Word]] = []
    for word in words:
        last = runs[-1][-1] if runs else None
        if last is not None and last.kind == word.kind and _joined(last, word, message):
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _joined(last: _Word, word: _Word, message: str) -> bool:
    touching = not message[last.end : word.start].strip()
    return touching and not (word.begins and word.kind in _SEPARABLE)


def _span(run: list[_Word], message: str) -> Span | None:
    start, end = run[0].start, run[-1].end
    if run[0].kind == "EMAIL" and "@" in message[max(start - 1, 0) : end + 1]:
        start, end = _whole_address(message, start, end)
    while start < end and message[start] in _TRIMMED:
        start += 1
    while end > start and message[end - 1] in _TRIMMED:
        end -= 1
    if start == end or (run[0].kind == "EMAIL" and message[start:end].isalnum()):
        return None
    score = sum(word.score for word in run) / len(run)
    return Span(run[0].kind, message[start:end], start, end, round(score, 4))


def _whole_address(message: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and (message[start - 1].isalnum() or message[start - 1] in "._%+-@"):
        start -= 1
    while end < len(message) and (message[end].isalnum() or message[end] in ".-@"):
        end += 1
    return start, end
