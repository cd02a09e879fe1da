"""How customers name products and how many of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from shopbot.optimize.shopbot.conversations.grammar import Piece
from shopbot.optimize.shopbot.conversations.phrasebook import load_words, split_of

_DETERMINERS = ("the", "the", "the", "the", "my", "my", "this", "that", "a", "")
_PLURAL_DETERMINERS = ("the", "the", "the", "my", "my", "these", "those", "")
_QUANTITIES = ("one", "two", "three", "four", "five", "1", "2", "3", "4", "both", "2x", "1x", "3x", "2 x", "a couple")
_SIZES = ("small", "large", "bigger", "smaller", "second", "first", "xl", "medium", "cheaper", "last", "other")


@dataclass(frozen=True)
class Vocabulary:
    """The product words of one split."""

    nouns: tuple[str, ...]
    plurals: tuple[str, ...]
    adjectives: tuple[str, ...]
    colours: tuple[str, ...]
    makes: tuple[str, ...]


@cache
def vocabulary(split: str) -> Vocabulary:
    """Nouns and makes are held out by split; colours and other adjectives are shared."""
    words = load_words("products")
    always = words["always"]
    return Vocabulary(
        nouns=(*_held(words["nouns"], split, always), *(always * 2 if split == "train" else ())),
        plurals=_held(words["plural_only"], split, always),
        adjectives=(*words["colours"], *words["qualities"]),
        colours=words["colours"],
        makes=split_of(words["makes"])[split],
    )


def _held(words: tuple[str, ...], split: str, always: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in split_of(words)[split] if split == "train" or word not in always)


def pluralise(noun: str) -> str:
    """English plural, regular cases only."""
    if noun.endswith("s") and not noun.endswith("ss"):
        return noun
    if noun.endswith(("ss", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun.removesuffix("fe") + "ves" if noun.endswith("knife") else noun + "s"


def item_name(split: str, rng: random.Random, *, plural: bool = False) -> str:
    """A product as a customer words it, without an article."""
    words = vocabulary(split)
    noun = rng.choice(words.plurals if rng.random() < 0.35 else words.nouns)
    if plural and noun not in words.plurals:
        noun = pluralise(noun)
    drawn = rng.random()
    if drawn < 0.4:
        return noun
    if drawn < 0.72:
        return f"{rng.choice(words.adjectives)} {noun}"
    if drawn < 0.8:
        return f"{rng.choice(words.adjectives)} {rng.choice(words.colours)} {noun}"
    if drawn < 0.87:
        return f"{rng.choice(words.makes)} {noun}"
    if drawn < 0.92:
        return f"{rng.choice(words.adjectives)} one{'s' if plural else ''}"
    if drawn < 0.96:
        return f"{noun} in {rng.choice(('size m', 'size 42', 'size xl', 'large', *words.colours))}"
    return f"{rng.choice(words.makes)} {rng.choice(words.adjectives)} {noun}"


def the_item(split: str, rng: random.Random) -> list[Piece]:
    """One product with its determiner: "the blue jeans"."""
    plural = rng.random() < 0.15
    determiner = rng.choice(_PLURAL_DETERMINERS if plural else _DETERMINERS)
    pieces = [Piece(f"{determiner} ")] if determiner else []
    return [*pieces, Piece(item_name(split, rng, plural=plural), "ITEM")]


def counted_item(split: str, rng: random.Random) -> list[Piece]:
    """A product with its quantity: "two of the red mugs", "2x mug", "one pair of socks"."""
    count = rng.choice(_QUANTITIES)
    if rng.random() < 0.15:
        pair = Piece(rng.choice(("one pair", "a pair", "2 pairs", "two pairs", "1 pair")), "QTY")
        return [pair, Piece(" of "), Piece(rng.choice(vocabulary(split).plurals), "ITEM")]
    name = item_name(split, rng, plural=count not in ("one", "1", "1x", "2x", "3x"))
    if rng.random() < 0.1:
        return [Piece(name, "ITEM"), Piece(" "), Piece(rng.choice(("x2", "x3", "x 2", "(2x)", "x1")), "QTY")]
    middle = " " if "x" in count else rng.choice((" ", " ", " of the ", " of my ", " of these "))
    return [Piece(count, "QTY"), Piece(middle), Piece(name, "ITEM")]


def some_items(split: str, rng: random.Random) -> list[Piece]:
    """One to three products, some with quantities."""
    count = rng.choices((1, 2, 3), (76, 19, 5))[0]
    return _joined([_one(split, rng) for _ in range(count)], rng)


def bare_list(split: str, rng: random.Random) -> list[Piece]:
    """Products without articles: "jeans, socks and mug"."""
    return _joined([[Piece(item_name(split, rng), "ITEM")] for _ in range(rng.choice((1, 2, 2, 3)))], rng)


def quantity(rng: random.Random) -> list[Piece]:
    """A quantity standing alone."""
    return [Piece(rng.choice(_QUANTITIES[:9]), "QTY")]


def quality_word(rng: random.Random) -> str:
    """What tells one of several apart: "the second one"."""
    return rng.choice(_SIZES)


def _one(split: str, rng: random.Random) -> list[Piece]:
    return counted_item(split, rng) if rng.random() < 0.17 else the_item(split, rng)


def _joined(items: list[list[Piece]], rng: random.Random) -> list[Piece]:
    pieces = list(items[0])
    for place, item in enumerate(items[1:], start=2):
        last = (
            rng.choice((" and ", " and ", " & ", ", and ", " and also ", " + ", ", ", " n ", " plus "))
            if place == len(items)
            else ", "
        )
        pieces += [Piece(last), *item]
    return pieces
