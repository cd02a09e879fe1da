"""Identifiers that a text mentions (order, case, parcel numbers), each whole, in one spelling.

Normalisation: case does not matter; blanks, hyphens and "#" between groups are left out; leading zeros and every other
character in between (".", "/", ":", "_") stay. A label in front ("order", "ORD-", "no.") may be there or not. Groups of
up to five characters in a row are one identifier ("12 34 56" is 123456, and neither 12 nor 3456); a longer group stands
alone. Letters join the digits behind a blank when they are short and no word ("ab 1234"), or in capitals ("IT 1234").
Number words in a row are read aloud: "nine oh two double one", "twelve thirty-four".
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from shopbot.agents.grounding.cardinals import CardinalReader, Lexicon, lexicon, points_at_a_thing
from shopbot.agents.grounding.numbers import LONGEST_GROUP
from shopbot.agents.grounding.text import END, Token, at, glued_after, glued_before
from shopbot.prompts import load_data

MOST_LETTERS = 3
"""Letters that a blank may join to the digits of an identifier."""
_KEPT = frozenset("./:_")
_LEFT_OUT = frozenset("-#")


@dataclass(frozen=True)
class Chunk:
    """What is written without a blank: its groups joined, whether a digit is in it, and how it may be joined."""

    text: str
    start: int
    end: int
    groups: tuple[str, ...]
    raw: str

    @cached_property
    def has_digit(self) -> bool:
        return any(char.isdecimal() for char in self.text)

    def ends_in_group(self) -> bool:
        """Whether another group may follow behind a blank."""
        last = self.groups[-1]
        return self.has_digit and len(last) - len(last.rstrip("0123456789")) <= LONGEST_GROUP

    def begins_with_group(self) -> bool:
        """Whether it may follow another group behind a blank."""
        return self.has_digit and len(self.groups[0]) <= LONGEST_GROUP


def normalised(value: str) -> str:
    """An identifier in the spelling in which `identifiers_in` gives it."""
    return "".join(char for char in value.casefold() if char not in _LEFT_OUT and not char.isspace())


def identifiers_in(
    tokens: Sequence[Token], chunks: Iterable[Chunk], taken: frozenset[int] = frozenset()
) -> frozenset[str]:
    """All identifiers with a digit in them; tokens at the places `taken` are something else (a date, a time)."""
    spoken = [*_spoken(tokens)]
    said = {place for _, start, end in spoken for place in range(start, end)}
    others = said | taken
    free = [chunk for chunk in chunks if chunk.start not in others]
    capitals = any(token.is_word and token.raw.islower() for token in tokens)
    written = (key for row in _rows(tokens, free, capitals) for key in _keys(row))
    return frozenset((*written, *(digits for digits, start, _ in spoken if start not in taken)))


def chunks_in(tokens: Sequence[Token]) -> Iterator[Chunk]:
    """Runs of letters and digits held together by hyphens, "#" and the marks that are kept."""
    currencies = lexicon().words["currencies"]
    place = 0
    while place < len(tokens):
        if not _is_part(tokens[place]):
            place += 1
            continue
        end, parts, groups = place + 1, [tokens[place].text], [[tokens[place].text]]
        while (following := at(tokens, end)).glued:
            behind = at(tokens, end + 1)
            if _is_part(following):
                parts.append(following.text)
                groups[-1].append(following.text)
                end += 1
            elif following.text in _KEPT | _LEFT_OUT and _is_part(behind) and behind.glued:
                parts += [following.text if following.text in _KEPT else "", behind.text]
                groups.append([behind.text])
                end += 2
            else:
                break
        text = "".join(parts)
        raw = "".join(token.raw for token in tokens[place:end])
        if not _is_spoilt(tokens, place, end, text, currencies):
            yield Chunk(text, place, end, tuple(map("".join, groups)), raw)
        place = end


def _is_spoilt(tokens: Sequence[Token], start: int, end: int, text: str, currencies: Container[str]) -> bool:
    """Whether it is a signed number, an amount, or a part of something else."""
    before, after = glued_before(tokens, start), glued_after(tokens, end - 1)
    signed = before.text == "-" and glued_before(tokens, start - 1).text != "#"
    amount = any(mark in text for mark in ",'") or before.text in currencies
    return signed or amount or before.text in {".", "^", "@", "_", "+"} or after.text in {"%", "^", "@", "_", "*"}


def _rows(tokens: Sequence[Token], chunks: Sequence[Chunk], capitals: bool) -> Iterator[list[Chunk]]:
    """Chunks that make up one identifier: short groups in a row, letters that lead up to them or follow in capitals."""
    row: list[Chunk] = []
    for chunk in chunks:
        if row and _is_next(tokens, row[-1], chunk) and _joins(row, chunk, capitals):
            row.append(chunk)
            continue
        yield row
        row = [chunk]
    yield row


def _is_next(tokens: Sequence[Token], one: Chunk, other: Chunk) -> bool:
    """Whether nothing stands between them but a blank, or a hyphen between two groups of digits."""
    if one.end == other.start:
        return not tokens[other.start].glued
    hyphen = [token.text for token in tokens[one.end : other.start]] == ["-"]
    return hyphen and not tokens[one.end].glued and one.text.isdecimal() and other.text.isdecimal()


def _joins(row: Sequence[Chunk], chunk: Chunk, capitals: bool) -> bool:
    last = row[-1]
    if not chunk.has_digit:
        return last.has_digit and capitals and _are_capitals(chunk) and not _is_word(chunk)
    if not last.has_digit:
        return chunk.begins_with_group() if len(row) > 1 else _are_letters(last, capitals)
    return last.ends_in_group() and chunk.begins_with_group()


def _are_letters(chunk: Chunk, capitals: bool) -> bool:
    """Whether letters lead up to the digits behind them."""
    if chunk.text in load_data("words/identifiers.yaml")["labels"]:
        return True
    short = len(chunk.text) <= MOST_LETTERS and chunk.text.isalpha()
    return short and (not _is_word(chunk) or (capitals and _are_capitals(chunk)))


def _is_word(chunk: Chunk) -> bool:
    known = load_data("words/identifiers.yaml")
    currency = chunk.text in lexicon().words["currencies"]
    return currency or chunk.text in known["words"] or chunk.text in known["labels"]


def _are_capitals(chunk: Chunk) -> bool:
    return len(chunk.text) <= MOST_LETTERS and chunk.raw.isupper() and chunk.raw.isalpha() and chunk.raw != "I"


def _keys(row: Sequence[Chunk]) -> Iterator[str]:
    """The row as one, and without the label that it begins with."""
    if not any(chunk.has_digit for chunk in row):
        return
    whole = "".join(chunk.text for chunk in row)
    yield whole
    first = row[0].groups[0]
    letters = first.rstrip("0123456789")
    rest = whole.removeprefix(letters)
    if letters in load_data("words/identifiers.yaml")["labels"] or (letters.isalpha() and rest.startswith(":")):
        yield rest.lstrip("".join(_KEPT))


def _spoken(tokens: Sequence[Token]) -> Iterator[tuple[str, int, int]]:
    """Runs of number words, digits among them: as digits, with the places from which and up to which they stand."""
    words = lexicon()
    cardinals = CardinalReader(tokens, words)
    place = 0
    while place < len(tokens):
        run, start, spoken = "", place, False
        while (read := _read_aloud(tokens, place, cardinals, words)) is not None:
            digits, behind = read
            spoken = spoken or tokens[place].is_word
            run, place = run + digits, behind
        before = at(tokens, start - 1)
        if spoken and not words.is_in("minus", before) and not words.is_in("negative", before):
            yield run, start, place
        place = max(place, start + 1)


def _read_aloud(
    tokens: Sequence[Token], place: int, cardinals: CardinalReader, known: Lexicon
) -> tuple[str, int] | None:
    words, token = known.words, at(tokens, place)
    if token.raw.isdecimal() and len(token.text) <= LONGEST_GROUP:
        alone = glued_before(tokens, place) is END and glued_after(tokens, place).text not in {*_KEPT, "-", "%", "^"}
        return (token.text, place + 1) if alone else None
    if token.text in words["read_aloud"]:
        return str(words["read_aloud"][token.text]), place + 1
    if token.text in words["repeats"]:
        digit = at(tokens, place + 1)
        said = words["digits"].get(digit.text, digit.text if digit.raw.isdecimal() and len(digit.raw) == 1 else None)
        return (str(said) * words["repeats"][token.text], place + 2) if said is not None else None
    if token.text not in known.cardinal_words or points_at_a_thing(tokens, place, known):
        return None
    start = cardinals.following_word(place)
    read = cardinals.read(start)
    return (str(read[0]), read[1]) if read else None


def _is_part(token: Token) -> bool:
    return token is not END and (token.is_word or token.is_number)
