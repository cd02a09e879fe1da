"""What shall be decoded, and what that took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shopbot.engines.llama.sampling import Weigh


@dataclass
class Work:
    """What one answer took: tokens of the prompt, how many of them were evaluated, tokens made, seconds of each."""

    prompt: int = 0
    evaluated: int = 0
    made: int = 0
    prompt_seconds: float = 0.0
    decode_seconds: float = 0.0
    confidence: float = 1.0
    """The probability of the decision: the product over its tokens, each among those that the grammar allowed."""
    finished: bool = False
    """Whether the answer came to its own end."""


@dataclass
class Wanted:
    """What shall be decoded: the prompt's tokens, the grammar and the most tokens of the answer."""

    prompt: Sequence[int]
    grammar: str | None
    tokens: int
    temperature: float = 0.0
    seed: int = 0
    deadline: float | None = None
    """On the clock of `time.monotonic`; what is decoded later would come too late."""
    weigh: Callable[[str], Weigh | None] = field(default=lambda text: None)
    """Of what the probability is wanted after this text, if it is."""
