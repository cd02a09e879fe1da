"""The reader: a customer's message in context -> what it does (acts) and the values in it (spans).

A fine-tuned MiniLM encoder as int8 ONNX (weights/CARD.md says what it was trained on and how well it reads).
It proposes nothing and decides nothing: what follows from an act is the business of the planner and of the gate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from shopbot.engines.onnx import open_session
from shopbot.engines.probabilities import sigmoid, softmax
from shopbot.engines.shopbot.spans import Floats, Span, decode_spans

__all__ = ["Reader", "Reading", "Span"]

_WEIGHTS = Path(__file__).parent / "weights"
_MODEL = "planner.int8.onnx"
_MAX_TOKENS = 256
# A longer message is read in two windows, its head and its tail: that is where customers say what they want.
_WINDOW_CHARACTERS = 700
_FALLBACK = 0.25


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
        spans = decode_spans(
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
