"""Sentences that are no consent, composed out of the grammar's own agreeing words, and the clear answers of customers.

Each frame of `not_consent.yaml` makes no consent of whatever agreeing utterance is put into it; the agreeing
utterances are enumerated from the grammar in use, so that a shop's own additions are attacked as well.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml
from hypothesis import strategies as st

from shopbot.prompts import load_data
from shopbot.prompts.utterances import Utterances

HERE = Path(__file__).parent
FRAMES: dict[str, list[str]] = yaml.safe_load((HERE / "not_consent.yaml").read_text(encoding="utf-8"))
KINDS = sorted([*FRAMES, "hidden character", "lookalike letter"])
_AGREEING = ("{definite}", "{okay}", "{agreeing}", "{accepting}", "{go}", "{thumb}")
_LONGEST = 4
_CORES_PER_SLOT = 120
_LOOKALIKES = str.maketrans("aceopsxyi", "асеорѕхуі")
_HIDDEN = ("\u200b", "\u200d", "\u2060", "\u00ad", "\u202e", "\ufeff")

ASKED = (
    "Here is what I would arrange for order 123456:\n- 1 × Jeans: $59.90\nRefund: $59.90, to your original payment "
    "method. A free return label would go to the e-mail address on your order.\n\nIf there is anything else to send "
    "back, just name it. Otherwise: shall I request the return label? Please answer yes or no."
)
"""ShopBot's own question about the jeans that many of the sentences speak of."""


class Case(NamedTuple):
    """A sentence and what keeps it from being a consent."""

    kind: str
    text: str


@lru_cache(maxsize=1)
def cores() -> tuple[str, ...]:
    """Agreeing utterances of the grammar: all short ones and, of each kind, an even share of the longer."""
    slots = load_data("words/consent.yaml")["slots"]
    found: dict[str, None] = {}
    for slot in _AGREEING:
        utterances = sorted(Utterances([slot], slots).utterances(_LONGEST), key=lambda each: (len(each.split()), each))
        short = [each for each in utterances if len(each.split()) <= 2]
        longer = utterances[len(short) :]
        found |= dict.fromkeys([*short, *longer[:: 1 + len(longer) // _CORES_PER_SLOT]])
    return tuple(found)


def not_consent() -> Iterator[Case]:
    """Every frame with every core, and every core with characters that are not what they look like."""
    for kind, lines in FRAMES.items():
        yield from (Case(kind, line.replace("CORE", core)) for line, core in itertools.product(lines, cores()))
    for core in cores():
        if core.isascii():
            yield from (Case("hidden character", core[:1] + hidden + core[1:]) for hidden in _HIDDEN)
            yield Case("lookalike letter", core.translate(_LOOKALIKES))


@lru_cache(maxsize=1)
def distinct_cases() -> tuple[Case, ...]:
    """The cases with each sentence once."""
    return tuple({case.text: case for case in not_consent()}.values())


AGREEING = st.deferred(lambda: st.sampled_from(cores()))
"""The agreeing utterances; enumerated when the first is drawn."""


def some_cases(number: int, seed: int, kind: str) -> list[Case]:
    """A random choice of that kind, the same every time."""
    cases = [case for case in distinct_cases() if case.kind == kind]
    return random.Random(seed).sample(cases, min(number, len(cases)))


def clear_answers(answer: str, half: str) -> list[str]:
    """Clear `yeses` or `noes` in customers' words: the half for `developing` the grammar or the one `held_back`."""
    lines: list[str] = yaml.safe_load((HERE / f"clear_{answer}.yaml").read_text(encoding="utf-8"))[half]
    return lines
