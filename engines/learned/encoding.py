"""Traces -> token ids and targets for the network. Needs numpy and tokenizers, not torch.

Arguments are learned in two ways. A value that stands in what the encoder reads is pointed at: its first and last
token. A value of few (a truth value, one of the values that the action's schema lists, or one that recurs) is chosen
among those listed. What is neither is left to the run time to find out.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tokenizers import Encoding, Tokenizer

from shopbot.engines.learned.features import Layout, compose
from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.engines.recording.trace_format import Trace

UNKNOWN = -100
NOT_GIVEN = "null"
"""The listed value of an argument that is left out."""
_MOST_LISTED = 40
"""An argument with more different values than this is no choice among few."""
_RECURS = 2


@dataclass(frozen=True)
class Vocabulary:
    """What the network's outputs stand for, in their order.

    Attributes:
        labels: actions; "" is the plain reply.
        arguments: names of arguments.
        values: (argument, value as JSON) pairs.
    """

    labels: tuple[str, ...]
    arguments: tuple[str, ...]
    values: tuple[tuple[str, str], ...]

    @cached_property
    def owners(self) -> list[int]:
        """For each listed value a number that all values of the same argument share."""
        numbers: dict[str, int] = {}
        return [numbers.setdefault(name, len(numbers)) for name, _ in self.values]

    @classmethod
    def of(cls, traces: Sequence[Trace]) -> Vocabulary:
        """The vocabulary that recorded decisions call for."""
        labels = {trace.choice or "" for trace in traces}
        listed = _schema_values(traces) | _recurring_values(traces)
        return cls(
            labels=tuple(sorted(labels)),
            arguments=tuple(sorted({name for trace in traces for name in trace.args})),
            values=tuple(sorted(listed | {(name, NOT_GIVEN) for name, _ in listed})),
        )


@dataclass(frozen=True)
class Encoded:
    """One decision as the network sees it.

    Attributes:
        ids, types: token ids and segments.
        label: index of the choice; `UNKNOWN` if training knows no such action.
        allowed: indexes of the actions that were allowed; empty when all were.
        spans: for each argument pointed at its index, first and last token; (index, 0, 0) if the action takes it
            and nobody has said it.
        values: for each argument chosen among listed values, the index of the value.
    """

    ids: list[int]
    types: list[int]
    label: int = UNKNOWN
    allowed: tuple[int, ...] = ()
    spans: tuple[tuple[int, int, int], ...] = ()
    values: tuple[int, ...] = ()


class Encoder:
    """Encodes traces for one engine: its tokenizer, vocabulary, reply templates and layout."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary, templates: TfidfIndex, layout: Layout) -> None:
        self.tokenizer = prepared(tokenizer, layout)
        self.vocabulary, self.templates, self.layout = vocabulary, templates, layout
        self._label = {name: index for index, name in enumerate(vocabulary.labels)}
        self._argument = {name: index for index, name in enumerate(vocabulary.arguments)}
        self._value = {pair: index for index, pair in enumerate(vocabulary.values)}

    def encode(self, traces: Iterable[Trace]) -> list[Encoded]:
        """Every trace as the network sees it."""
        return [self._encode(trace) for trace in traces]

    def _encode(self, trace: Trace) -> Encoded:
        segments = compose(trace.context, self.templates, self.layout)
        encoding = self.tokenizer.encode(*segments)
        names = {action.name for action in trace.allowed} | {trace.choice or "", ""}
        allowed = tuple(index for index, name in enumerate(self.vocabulary.labels) if name in names)
        return Encoded(
            encoding.ids,
            encoding.type_ids,
            self._label.get(trace.choice or "", UNKNOWN),
            allowed if len(allowed) < len(self.vocabulary.labels) else (),
            tuple(self._spans(trace, encoding, segments[1])),
            tuple(self._values(trace)),
        )

    def _values(self, trace: Trace) -> Iterable[int]:
        given = {name: canonical(value) for name, value in trace.args.items()}
        for name in [*given, *(name for name in _taken(trace) if name not in given)]:
            index = self._value.get((name, given.get(name, NOT_GIVEN)))
            if index is not None:
                yield index

    def _spans(self, trace: Trace, encoding: Encoding, second: str) -> Iterable[tuple[int, int, int]]:
        for name, value in trace.args.items():
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                at = second.lower().rfind(str(value).lower()) if str(value) else -1
                first, last = token_span(encoding, at, at + len(str(value))) if at >= 0 else (0, 0)
                yield self._argument.get(name, UNKNOWN), first, last
        for name in _taken(trace):
            if name not in trace.args and name in self._argument:
                yield self._argument[name], 0, 0


def prepared(tokenizer: Tokenizer, layout: Layout) -> Tokenizer:
    """The tokenizer without padding, cut at the layout's length from the left of the second segment: oldest first."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(layout.max_tokens, strategy="only_second", direction="left")
    return tokenizer


def token_span(encoding: Encoding, start: int, end: int) -> tuple[int, int]:
    """First and last token of the characters `start` to `end` of the second segment; (0, 0) if they were cut off."""
    inside = [
        index
        for index, (offsets, segment) in enumerate(zip(encoding.offsets, encoding.sequence_ids, strict=True))
        if segment == 1 and offsets[0] < end and offsets[1] > start
    ]
    return (inside[0], inside[-1]) if inside else (0, 0)


def canonical(value: Any) -> str:
    """A value as JSON, so that 1, "1" and true are three values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _taken(trace: Trace) -> Iterable[str]:
    """The names of the arguments that the chosen action takes."""
    schema = next((action.parameters for action in trace.allowed if action.name == trace.choice), {})
    return tuple(schema.get("properties", ()))


def _schema_values(traces: Iterable[Trace]) -> set[tuple[str, str]]:
    listed = set()
    # Traces share their actions (see reading): each is looked at once.
    actions = {id(action): action for trace in traces for action in trace.allowed}
    for action in actions.values():
        for name, schema in action.parameters.get("properties", {}).items():
            choices = schema.get("enum", (True, False) if schema.get("type") == "boolean" else ())
            listed |= {(name, canonical(choice)) for choice in choices}
    return listed


def _recurring_values(traces: Iterable[Trace]) -> set[tuple[str, str]]:
    """Values of arguments that only ever take few: recurring ones, of arguments whose values are not all different."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for trace in traces:
        for name, value in trace.args.items():
            counts[name][canonical(value)] += 1
    return {
        (name, value)
        for name, seen in counts.items()
        if len(seen) <= _MOST_LISTED and sum(seen.values()) >= _RECURS * len(seen)
        for value in seen
    }
