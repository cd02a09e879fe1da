"""What shall be decoded, and what that took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Work:
    """What one answer took: tokens of the prompt, how many of them were evaluated, tokens made, seconds of each."""

    prompt: int = 0
    evaluated: int = 0
    made: int = 0
    prompt_seconds: float = 0.0
    decode_seconds: float = 0.0
    confidence: float = 1.0
    """The probability of the decision: the product over its tokens, each among those that an alternative goes on
    with."""
    finished: bool = False
    """Whether the answer came to its own end."""


@dataclass
class Wanted:
    """What shall be decoded: the prompt, as text or tokens, the grammar and the most tokens of the answer."""

    prompt: str | Sequence[int]
    grammar: str | None
    tokens: int
    temperature: float = 0.0
    seed: int = 0
    deadline: float | None = None
    """On the clock of `time.monotonic`; what is decoded later would come too late."""
    alternatives: Sequence[str] = ()
    """How the answers begin between which it is decided; empty: nobody wants to know how sure that was."""
    open: bool = False
    """Whether the answer may also begin otherwise than the alternatives."""
    stop: Sequence[str] = field(default_factory=list)
    """Texts before which the answer ends."""
