"""Families -> one message with its acts and spans."""

from __future__ import annotations

import random
from dataclasses import dataclass

from shopbot.optimize.shopbot.conversations import noise
from shopbot.optimize.shopbot.conversations.context import draw_state, sample_context
from shopbot.optimize.shopbot.conversations.grammar import Piece, expand, expand_unless
from shopbot.optimize.shopbot.conversations.held_back import is_held_back
from shopbot.optimize.shopbot.conversations.phrasebook import Family, Phrasebook, Sequence
from shopbot.optimize.shopbot.conversations.slots import filler

_JOINTS = (". ", ". ", ", ", ", ", " ", " and ", " - ", "; ", "! ", "\n", " ... ")
_WITH_FILLERS = frozenset(
    {
        "want_return", "want_return_item", "want_tracking", "want_order_details", "want_order_list",
        "want_return_status", "order_clause", "email_clause", "ask_policy", "calculate", "hand_over",
        "cannot_provide_order", "cannot_provide_email", "out_of_scope", "cancel", "nothing_more", "remove_items",
        "add_items", "choose_items",
    }
)  # fmt: skip
_VALUELESS = frozenset({"out_of_scope", "other_language", "unclear"})
# A thank-you beside a request is politeness; it is an act only in such company.
_SOCIAL = frozenset({"thanks", "greet", "bye"})
# While the shop asks "anything else?", naming an item adds it.
_ADDING = frozenset({"want_return_item", "choose_items"})


@dataclass(frozen=True)
class Example:
    """A customer's message in context, with what it does and the values it carries, as character ranges."""

    context: str
    message: str
    acts: tuple[str, ...]
    spans: tuple[tuple[int, int, str], ...]
    source: str = "generator"


def compose(book: Phrasebook, split: str, rng: random.Random) -> Example:
    """Draw one example from a split."""
    if rng.random() < 0.7:
        return _single(book, split, rng)
    sequence = rng.choices(book.sequences, [entry.weight for entry in book.sequences])[0]
    return _several(book, sequence, split, rng)


def _single(book: Phrasebook, split: str, rng: random.Random) -> Example:
    weights = book.singles[split]
    family = book.families[rng.choices(list(weights), list(weights.values()))[0]]
    pieces = _wording(family, split, rng)
    if family.name in _WITH_FILLERS and rng.random() < 0.14:
        pieces = [*_wording(book.families["opener"], split, rng), Piece(" "), *pieces]
    if family.name in _WITH_FILLERS and rng.random() < 0.14:
        pieces = [*pieces, Piece(rng.choice((" ", ", "))), *_wording(book.families["tail"], split, rng)]
    return _finish(pieces, [family], rng.choice(family.when), rng)


def _several(book: Phrasebook, sequence: Sequence, split: str, rng: random.Random) -> Example:
    pieces: list[Piece] = []
    families: list[Family] = []
    for choices, optional in sequence.parts:
        if optional and rng.random() < 0.5:
            continue
        family = book.families[rng.choice(choices)]
        if pieces:
            pieces.append(Piece(rng.choice(_JOINTS)))
        pieces += _wording(family, split, rng)
        families.append(family)
    return _finish(pieces, families, sequence.state, rng)


def _wording(family: Family, split: str, rng: random.Random) -> list[Piece]:
    fill = filler(split)
    while split == "train":
        # A template that says nothing but what is held back says nothing in training.
        pieces = expand_unless(rng.choice(family.wordings[split]), rng, fill, is_held_back)
        if pieces is not None:
            return pieces
    return expand(rng.choice(family.wordings[split]), rng, fill)


def _finish(pieces: list[Piece], families: list[Family], state: str, rng: random.Random) -> Example:
    state = draw_state(rng) if state == "any" else state
    pieces = noise.rewrite(pieces, noise.draw_manner(rng), rng)
    message, spans = _flatten(pieces)
    found = {act for family in families for act in family.acts}
    if any(kind == "ORDER" for _, _, kind in spans) and not found & _VALUELESS:
        found.add("give_order_number")
    if state == "confirmation" and any(family.name in _ADDING for family in families):
        found.add("add_items")
    if found - _SOCIAL:
        found.discard("thanks")
    return Example(sample_context(state, rng), message, tuple(sorted(found)), spans)


def _flatten(pieces: list[Piece]) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    text = ""
    spans: list[tuple[int, int, str]] = []
    for piece in pieces:
        if piece.kind and piece.text:
            spans.append((len(text), len(text) + len(piece.text), piece.kind))
        text += piece.text
    lead = len(text) - len(text.lstrip())
    return text.strip(), tuple((start - lead, end - lead, kind) for start, end, kind in spans)
