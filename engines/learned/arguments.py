"""Arguments of a chosen action: pointed at in the text, as its schema allows, or chosen among listed values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator
from numpy.typing import NDArray
from tokenizers import Encoding

from shopbot.engines.learned.encoding import NOT_GIVEN, Vocabulary, canonical
from shopbot.engines.recording.trace_format import AllowedAction

_LONGEST = 40
"""Tokens that a value may span."""
_TRIED = 50
"""Spans that are read in search of one that the schema allows."""
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")


def choose_arguments(
    action: AllowedAction,
    spans: NDArray[np.float32],
    values: NDArray[np.float32],
    encoding: Encoding,
    text: str,
    vocabulary: Vocabulary,
) -> dict[str, Any]:
    """The arguments of `action` that can be read; one that cannot is left out, for the gate to ask for.

    Args:
        action: what was chosen; its schema says which arguments there are. Without one, all that are known.
        spans: (tokens, 2 x arguments), as `Outputs.spans`.
        values: (listed values,), as `Outputs.values`.
        encoding: of the context's two segments.
        text: the second segment, which pointing refers to.
    """
    properties: Mapping[str, Any] = action.parameters.get("properties", {})
    found: dict[str, Any] = {}
    for name, schema in properties.items():
        if _choices(schema):
            value = _listed(name, schema, values, vocabulary)
        else:
            value = _pointed(name, schema, spans, encoding, text, vocabulary)
            value = _listed(name, schema, values, vocabulary) if value is None else value
        if value is not None:
            found[name] = value
    return found


def _choices(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values that a schema lists; empty if any will do."""
    return tuple(schema.get("enum", (True, False) if schema.get("type") == "boolean" else ()))


def _listed(name: str, schema: Mapping[str, Any], values: NDArray[np.float32], vocabulary: Vocabulary) -> Any:
    """The likeliest listed value, of those that the schema allows; None if that is to leave the argument out."""
    allowed = {canonical(choice) for choice in _choices(schema)} | {NOT_GIVEN}
    known = [
        (float(values[index]), value)
        for index, (owner, value) in enumerate(vocabulary.values)
        if owner == name and (value in allowed or len(allowed) == 1)
    ]
    return json.loads(max(known)[1]) if known else None


def _pointed(
    name: str,
    schema: Mapping[str, Any],
    spans: NDArray[np.float32],
    encoding: Encoding,
    text: str,
    vocabulary: Vocabulary,
) -> Any:
    """The likeliest span of the second segment that is a value of the schema; None if "not said" is likelier."""
    if name not in vocabulary.arguments:
        return None
    index = vocabulary.arguments.index(name)
    valid = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid
    inside = [sequence == 1 for sequence in encoding.sequence_ids]
    for start, end in best_spans(spans[:, 2 * index], spans[:, 2 * index + 1], inside):
        value = _typed(whole_words(text, encoding.offsets[start][0], encoding.offsets[end][1]), schema)
        if value is not None and valid(value):
            return value
    return None


def whole_words(text: str, start: int, end: int) -> str:
    """The characters from `start` to `end`, widened to whole words: a value is seldom a part of one."""
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return text[start:end].strip()


def best_spans(first: NDArray[np.float32], last: NDArray[np.float32], inside: list[bool]) -> Iterator[tuple[int, int]]:
    """First and last token of spans that are in order and `inside`, by falling sum of their logits.

    Ends at the first that is less likely than position 0, which stands for "not said".
    """
    places = np.flatnonzero(inside)
    sums = first[places][:, None] + last[places][None, :]
    apart = np.arange(len(places))[None, :] - np.arange(len(places))[:, None]
    sums = np.where((apart >= 0) & (apart < _LONGEST), sums, -np.inf)
    for _ in range(min(_TRIED, sums.size)):
        start, end = np.unravel_index(int(sums.argmax()), sums.shape)
        if sums[start, end] <= first[0] + last[0]:
            return
        yield int(places[start]), int(places[end])
        sums[start, end] = -np.inf


def _typed(words: str, schema: Mapping[str, Any]) -> Any:
    """The words as the type that the schema asks for; None if they are no such thing."""
    kind = schema.get("type")
    if kind not in ("integer", "number"):
        return words or None
    number = _NUMBER.search(words)
    if number is None:
        return None
    plain = number.group().replace(",", "")
    return int(float(plain)) if kind == "integer" else float(plain)
