"""Puts what a customer means into words of the held-back test wordings, with the customer's own values in them."""

from __future__ import annotations

import random
from collections.abc import Mapping

from benchmarks.simulated.orders import Line
from shopbot.optimize.shopbot.conversations import noise
from shopbot.optimize.shopbot.conversations.grammar import Piece, expand
from shopbot.optimize.shopbot.conversations.phrasebook import load_phrasebook
from shopbot.optimize.shopbot.conversations.slots import filler

_NUMBERS = {1: ("1", "one", "just one", "only one"), 2: ("2", "two"), 3: ("3", "three")}


def say(family: str, style: str, rng: random.Random, values: Mapping[str, list[Piece]] | None = None) -> str:
    """One wording of a family, with `values` in its slots, as somebody of this style types it.

    Raises:
        ValueError: the wording needs a value that is not given.
    """
    given = values or {}
    fill = filler("test")

    def with_values(name: str, chance: random.Random) -> list[Piece]:
        if name in given:
            return given[name]
        if name in ("the_item", "the_items", "items_list", "items_only", "item", "order", "email", "qty"):
            raise ValueError(f"the family {family!r} needs a value for {name!r}")
        return fill(name, chance)

    wordings = [line for line in load_phrasebook().families[family].wordings["test"] if _fits(line, given)]
    if not wordings:
        raise ValueError(f"the family {family!r} has no test wording for {sorted(given)}")
    pieces = [piece for piece in expand(rng.choice(wordings), rng, with_values) if piece.text]
    return "".join(piece.text for piece in noise.rewrite(pieces, style, rng)).strip()


def named(lines: Mapping[Line, int], rng: random.Random) -> list[Piece]:
    """Lines of an order as a customer names them: "the jeans and two of the mugs"."""
    pieces: list[Piece] = []
    for place, (line, quantity) in enumerate(lines.items()):
        if place:
            pieces.append(Piece(" and " if place == len(lines) - 1 else ", "))
        pieces += _one(line, quantity, rng)
    return pieces


def _one(line: Line, quantity: int, rng: random.Random) -> list[Piece]:
    if quantity < line.quantity:
        return [Piece(rng.choice(_NUMBERS[quantity]), "QTY"), Piece(" of the "), Piece(line.words, "ITEM")]
    if quantity > 1:
        counted = [
            Piece(rng.choice((str(quantity), *_NUMBERS[quantity])), "QTY"),
            Piece(" "),
            Piece(line.words, "ITEM"),
        ]
        return rng.choice((counted, [Piece("the "), Piece(line.words, "ITEM")]))
    word = rng.choice((line.word, line.name.lower()))
    return [Piece(rng.choice(("the ", "my "))), Piece(word, "ITEM")]


def _fits(wording: str, given: Mapping[str, list[Piece]]) -> bool:
    """Whether every value slot of the wording can be filled."""
    slots = {part.split("}")[0] for part in wording.split("{")[1:]}
    values = {"the_item", "the_items", "items_list", "items_only", "item", "plural", "order", "other_order", "email"}
    return not (slots & (values | {"qty", "colour_one", "size_one", "phone"})) - set(given)
