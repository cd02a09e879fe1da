"""The reader: a customer's message in context -> what it does (acts) and the values in it (spans).

A fine-tuned MiniLM encoder as int8 ONNX (weights/CARD.md says what it was trained on and how well it reads). Its token
probabilities become spans by a vote: a word's tags are the mean of its tokens', neighbours of one kind join.
It proposes nothing and decides nothing: what follows from an act is the business of the planner and of the gate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from shopbot.engines.onnx import open_session
from shopbot.engines.probabilities import sigmoid, softmax

_WEIGHTS = Path(__file__).parent / "weights"
_MODEL = "planner.int8.onnx"
_MAX_TOKENS = 256
# A longer message is read in two windows, its head and its tail: that is where customers say what they want.
_WINDOW_CHARACTERS = 700
_FALLBACK = 0.25
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
class Reading:
    """What one message does. `acts` holds every act's probability, `performed` those above their thresholds."""

    acts: Mapping[str, float]
    spans: tuple[Span, ...] = ()
    performed: frozenset[str] = field(default=frozenset())

    def performs(self, act: str) -> bool:
        """Whether the message performs the act."""
        return act in self.performed

    def strongest(self) -> tuple[tuple[str, float], ...]:
        """The acts performed with their probabilities, the surest first."""
        return tuple(sorted(((act, self.acts[act]) for act in self.performed), key=lambda pair: -pair[1]))


class Reader:
    """Reads messages. Weights are loaded on the first one; results are remembered, so a re-read costs nothing.

    Args:
        threads: cores that one reading may use.
        model: the ONNX graph, or a folder that holds one; `labels.json` and `tokenizer.json` lie beside it.
    """

    def __init__(self, threads: int = 1, model: Path = _WEIGHTS / _MODEL) -> None:
        self._threads = threads
        self._model = model / _MODEL if model.is_dir() else model
        self.read = lru_cache(maxsize=512)(self._read)

    def _read(self, context: str, message: str) -> Reading:
        network = _load(self._threads, self._model)
        if not message.strip():
            return Reading({act: float(act == "unclear") for act in network.acts}, (), frozenset({"unclear"}))
        if len(message) <= 2 * _WINDOW_CHARACTERS:
            return network.read(context, message)
        head = network.read(context, message[:_WINDOW_CHARACTERS])
        tail_start = len(message) - _WINDOW_CHARACTERS
        tail = network.read(context, message[tail_start:])
        return _merged(head, tail, tail_start)


class _Network:
    """The ONNX session with its tokenizer and labels."""

    def __init__(self, threads: int, model: Path) -> None:
        from tokenizers import Tokenizer

        labels: dict[str, Any] = json.loads((model.parent / "labels.json").read_text(encoding="utf-8"))
        self.acts: list[str] = labels["acts"]
        self._tags: list[str] = labels["tags"]
        self._thresholds = np.array([labels["thresholds"][act] for act in self.acts], dtype=np.float32)
        self._temperature = float(labels["temperature"])
        self._tokenizer = Tokenizer.from_file(str(model.parent / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS, strategy="only_second")
        self._session = open_session(model, threads)

    def read(self, context: str, message: str) -> Reading:
        encoding = self._tokenizer.encode(context, message)
        feed = {
            "input_ids": np.array([encoding.ids], dtype=np.int64),
            "attention_mask": np.ones((1, len(encoding.ids)), dtype=np.int64),
            "token_type_ids": np.array([encoding.type_ids], dtype=np.int64),
        }
        act_logits, tag_logits = self._session.run(["acts", "tags"], feed)
        # Each of these attributes makes a new list whenever it is asked for.
        segments, offsets, words = encoding.sequence_ids, encoding.offsets, encoding.word_ids
        of_message = [token for token, segment in enumerate(segments) if segment == 1]
        spans = _decode_spans(
            message,
            [offsets[token] for token in of_message],
            [words[token] for token in of_message],
            softmax(tag_logits[0])[of_message],
            self._tags,
        )
        return self._reading(sigmoid(act_logits[0], self._temperature), spans)

    def _reading(self, probabilities: Floats, spans: tuple[Span, ...]) -> Reading:
        over = np.flatnonzero(probabilities >= self._thresholds)
        best = int(probabilities.argmax())
        if not len(over):
            performed = frozenset({self.acts[best] if probabilities[best] >= _FALLBACK else "unclear"})
        else:
            performed = frozenset(self.acts[index] for index in over)
        acts = {act: round(float(value), 4) for act, value in zip(self.acts, probabilities, strict=True)}
        return Reading(acts, spans, performed)


_loading = Lock()


def _load(threads: int, model: Path) -> _Network:
    with _loading:
        return _load_once(threads, model)


@cache
def _load_once(threads: int, model: Path) -> _Network:
    return _Network(threads, model)


def _merged(head: Reading, tail: Reading, shift: int) -> Reading:
    moved = tuple(replace(span, start=span.start + shift, end=span.end + shift) for span in tail.spans)
    acts = {act: max(value, tail.acts[act]) for act, value in head.acts.items()}
    performed = head.performed | tail.performed
    return Reading(acts, head.spans + moved, performed - {"unclear"} or performed)


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    kind: str
    begins: bool
    score: float


def _decode_spans(
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
