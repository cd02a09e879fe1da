"""Sums as customers word them: the text of a calculation, without the words that ask for it."""

from __future__ import annotations

import random
from collections.abc import Callable

from shopbot.optimize.shopbot.conversations.items import item_name

_WORDS = (
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "twelve",
    "fifteen",
    "twenty",
    "fifty",
)


def expression(rng: random.Random) -> str:
    """A random calculation, such as "15% of 80" or "3 times 19.95 plus 4.50"."""
    return rng.choice(_FORMS)(rng)


def _amount(rng: random.Random) -> str:
    drawn = rng.random()
    if drawn < 0.35:
        return f"{rng.randint(1, 300)}.{rng.choice(('99', '95', '50', '00', '49', '90', '25'))}"
    if drawn < 0.75:
        return str(rng.randint(2, 999))
    if drawn < 0.85:
        return f"${rng.randint(2, 999)}{rng.choice(('', '.99', '.50'))}"
    if drawn < 0.9:
        return f"{rng.randint(1, 9)},{rng.randint(0, 999):03}.{rng.choice(('00', '50'))}"
    return rng.choice(_WORDS)


def _count(rng: random.Random) -> str:
    return rng.choice((*_WORDS[:6], *(str(number) for number in range(2, 13))))


def _percent(rng: random.Random) -> str:
    number = rng.choice(("5", "10", "15", "19", "20", "25", "30", "50", "7.5", "ten", "twenty", "fifteen"))
    return number + rng.choice(("%", "%", " percent", " %", " per cent"))


def _chain(rng: random.Random) -> str:
    said = _amount(rng)
    for _ in range(rng.choice((1, 1, 2, 3))):
        sign = rng.choice(
            (" + ", "+", " plus ", " - ", " minus ", " * ", "*", " x ", " times ", " / ", " divided by ", " ÷ ", " × ")
        )
        said += sign + _amount(rng)
    return said


def _bracketed(rng: random.Random) -> str:
    return f"({_amount(rng)} + {_amount(rng)}) * {_count(rng)}"


def _lines(rng: random.Random) -> str:
    joint = rng.choice((" and ", " plus ", " + "))
    said = f"{_count(rng)}{rng.choice((' x ', 'x ', ' times ', ' * '))}{_amount(rng)}{joint}{_amount(rng)}"
    return said + rng.choice(("", "", " shipping", " for shipping", " delivery"))


def _each(rng: random.Random) -> str:
    return f"{_count(rng)} {item_name('train', rng, plural=True)} at {_amount(rng)} each"


_FORMS: tuple[Callable[[random.Random], str], ...] = (
    _chain,
    _chain,
    _chain,
    _bracketed,
    _lines,
    _lines,
    _each,
    lambda rng: f"{_percent(rng)} of {_amount(rng)}",
    lambda rng: f"{_percent(rng)} of {_amount(rng)}",
    lambda rng: f"{_percent(rng)} off {rng.choice(('', 'of '))}{_amount(rng)}",
    lambda rng: f"{_amount(rng)} {rng.choice(('minus', 'less', '-', 'plus', '+'))} {_percent(rng)}",
    lambda rng: f"{_amount(rng)} with {_percent(rng)} off",
    lambda rng: (
        f"{rng.choice(('half', 'a third', 'a quarter', 'double', 'twice'))} {rng.choice(('of ', ''))}{_amount(rng)}"
    ),
    lambda rng: (
        f"{rng.choice(('split', 'divide'))} {_amount(rng)} {rng.choice(('by', 'between', 'among'))} {_count(rng)}"
    ),
    lambda rng: f"split {_amount(rng)} {_count(rng)} ways",
    lambda rng: f"the sum of {_amount(rng)} and {_amount(rng)}",
    lambda rng: f"the difference between {_amount(rng)} and {_amount(rng)}",
    lambda rng: f"{_amount(rng)} and {_amount(rng)} and {_amount(rng)}",
)
