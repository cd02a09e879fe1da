"""Worked examples for a message: those nearest to it in meaning, the nearest last, where a small model looks first.

Showing a model the examples that resemble its task, not the same ones always: Liu et al. 2022, arXiv:2101.06804.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import shipped_encoder
from shopbot.prompts import load_data

FILE = "engines/llama/examples.yaml"
SHOWN = 8
_SAME_QUESTION = 0.1
"""What an example gains in which the same had been asked for, in cosine."""


@dataclass(frozen=True)
class Example:
    """What a customer wrote, what had been asked for, and the notes that it calls for."""

    says: str
    notes: tuple[str, ...]
    asked: str | None = None


def nearest(message: str, asked: str | None, kinds: frozenset[str], count: int = SHOWN) -> list[Example]:
    """The `count` examples nearest to a message, the nearest last, of those that need no other kinds of notes."""
    examples, vectors = _encoded()
    scores = vectors @ shipped_encoder().encode([message])[0]
    scores += np.array([_SAME_QUESTION * (example.asked == asked) for example in examples], dtype=np.float32)
    fitting = [place for place in np.argsort(-scores) if _kinds(examples[place].notes) <= kinds]
    return [examples[place] for place in reversed(fitting[:count])]


def _kinds(notes: Sequence[str]) -> set[str]:
    return {note.partition(" ")[0] for note in notes}


@cache
def _encoded() -> tuple[list[Example], NDArray[np.float32]]:
    entries: list[dict[str, Any]] = load_data(FILE)
    examples = [Example(entry["says"], tuple(map(str, entry["notes"])), entry.get("asked")) for entry in entries]
    return examples, shipped_encoder().encode([example.says for example in examples])
