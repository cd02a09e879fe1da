"""Run a learned engine: from a context and the allowed actions to a choice with arguments and confidence.

Needs onnxruntime, tokenizers and numpy alone. It does not speak LangChain: that is `shopbot.engines.learned.model`.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from shopbot.engines.learned.arguments import choose_arguments
from shopbot.engines.learned.encoding import Vocabulary, prepared
from shopbot.engines.learned.features import Layout, compose, describe
from shopbot.engines.learned.folder import GRAPH, KIND, TOKENIZER, FolderError, need, read_description
from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.engines.onnx import open_session
from shopbot.engines.probabilities import softmax
from shopbot.engines.recording.trace_format import AllowedAction

Feed = Mapping[str, NDArray[Any]]
"""One batch for the graph: its inputs by name, (contexts, longest) each."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_MATCH = 8.0
"""Root of the width of the vectors that contexts and descriptions are matched by."""


@dataclass(frozen=True)
class Prediction:
    """What an engine would do.

    Attributes:
        choice: the action; None for a plain reply.
        args: its arguments, as far as they could be read.
        confidence: calibrated probability that the choice is right, 0 to 1.
        scores: calibrated probability of each action that was allowed, "" for the plain reply.
    """

    choice: str | None
    args: dict[str, Any] = field(default_factory=dict)
    confidence: float = 0.0
    scores: dict[str, float] = field(default_factory=dict)


class Predictor:
    """A learned engine in its folder; safe to share between threads.

    Args:
        folder: as `shopbot.engines.learned.folder` describes it.
        threads: cores that one decision may use.

    Raises:
        FolderError: a file is missing or damaged.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.description = read_description(folder)
        settings = self.description.settings
        if self.description.kind != KIND or "layout" not in settings:
            raise FolderError(f"{folder} holds an engine of the kind {self.description.kind!r}, not {KIND!r}.")
        self.layout = Layout(**settings["layout"])
        self.templates = TfidfIndex.from_json(settings.get("sayings", ()))
        values = tuple((str(name), str(value)) for name, value in settings.get("values", ()))
        self.vocabulary = Vocabulary(self.description.labels, self.description.arguments, values)
        self._tokenizer = prepared(Tokenizer.from_file(str(need(folder, TOKENIZER))), self.layout)
        self.session = open_session(need(folder, GRAPH), threads)
        self._inputs = {each.name for each in self.session.get_inputs()}
        self._offers: dict[str, NDArray[np.float32]] = {}
        self._locked = threading.Lock()

    def predict(
        self,
        context: Sequence[tuple[str, str]],
        allowed: Sequence[AllowedAction],
        refused: Collection[str] = (),
    ) -> Prediction:
        """The best of `allowed` or a plain reply, for a context of (speaker, text), oldest first.

        What was `refused` in this step is not proposed again: with the same context it would come out the same.
        """
        segments = self.segments(context)
        encoding = self._tokenizer.encode(*segments)
        actions, spans, values, seeks = self._run(encoding)[:4]
        open_now = [action for action in allowed if action.name not in refused]
        scores = self._scores(actions[0], seeks[0], open_now, may_reply="" not in refused)
        choice = max(scores, key=lambda name: scores[name])
        action = next((each for each in allowed if each.name == choice), None)
        args = (
            {}
            if action is None
            else choose_arguments(action, spans[0], values[0], encoding, segments[1], self.vocabulary)
        )
        return Prediction(choice or None, args, scores[choice], scores)

    def segments(self, context: Sequence[tuple[str, str]]) -> tuple[str, str]:
        """The two texts that the tokenizer gets of a context."""
        return compose(context, self.templates, self.layout)

    def feed(self, contexts: Sequence[Sequence[tuple[str, str]]]) -> Feed:
        """Several contexts as the graph's inputs, (contexts, longest) each, those of them that it asks for."""
        return self._feed([self._tokenizer.encode(*self.segments(context)) for context in contexts])

    def _feed(self, encodings: Sequence[Encoding]) -> Feed:
        longest = max(len(each.ids) for each in encodings)
        rows = {name: np.zeros((len(encodings), longest), dtype=np.int64) for name in _INPUTS}
        for number, each in enumerate(encodings):
            for name, values in zip(_INPUTS, (each.ids, each.attention_mask, each.type_ids), strict=True):
                rows[name][number, : len(values)] = values
        return {name: values for name, values in rows.items() if name in self._inputs}

    def _scores(
        self,
        logits: NDArray[np.float32],
        seeks: NDArray[np.float32],
        allowed: Sequence[AllowedAction],
        *,
        may_reply: bool,
    ) -> dict[str, float]:
        """Probabilities over the allowed actions and the plain reply, where the engine ever learned to reply."""
        known = {label: float(logits[index]) for index, label in enumerate(self.vocabulary.labels)}
        offered = {action.name: action.description for action in allowed}
        raw = {name: logit for name, logit in known.items() if name in offered or (may_reply and not name)}
        new = {name: words for name, words in offered.items() if name not in known and words}
        if new and self.description.settings.get("described"):
            raw |= self._matched(seeks, new, raw, offered)
        if not raw:
            return {"": 0.0}
        shares = softmax(np.array(list(raw.values())), self.description.calibration.get("temperature", 1.0))
        return dict(zip(raw, map(float, shares), strict=True))

    def _matched(
        self,
        seeks: NDArray[np.float32],
        new: Mapping[str, str],
        known: Mapping[str, float],
        described: Mapping[str, str],
    ) -> dict[str, float]:
        """Logits of actions that training did not know: how well their descriptions match what the context seeks.

        Matches are on a scale of their own; both scales are brought together by the best of the known actions.
        """
        matches = {name: self._match(seeks, name, words) for name, words in new.items()}
        if not known:
            return matches
        best = max(known, key=lambda name: known[name])
        shift = known[best] - self._match(seeks, best, described.get(best, ""))
        return {name: match + shift for name, match in matches.items()}

    def _match(self, seeks: NDArray[np.float32], name: str, description: str) -> float:
        text = describe(name, description)
        with self._locked:
            if text not in self._offers:
                self._offers[text] = self._run(self._tokenizer.encode(text))[4][0]
            return float(seeks @ self._offers[text]) / _MATCH

    def _run(self, encoding: Encoding) -> list[NDArray[np.float32]]:
        return list(self.session.run(None, self._feed([encoding])))
