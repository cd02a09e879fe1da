"""Numbers that a text mentions; each mention stands for one value.

Decided where usage is not one: "1,5" and "19,95" (one or two digits behind the comma) are decimals, "1,299" and
"1.299.000" thousands, "1.299" is 1.299; "1,2,3" are three numbers; a space between digits groups no thousands, but a
no-break space does. "1/2" is a half and "1 1/2" one and a half. A minus sign stands right before the number or its
currency sign; "negative twenty" and a "minus" that follows no number count as well. "20%" is 20, of percent. Ordinals,
digits inside an identifier ("W31", "12-34-56", "123abc"), groups of digits in a row ("12 34 56") and digits read aloud
("one two three") are no numbers; "a" is none either, and "one" none where it stands for a thing ("the blue one").
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from shopbot.agents.grounding.cardinals import CardinalReader, Lexicon, digits_read_aloud, lexicon, points_at_a_thing
from shopbot.agents.grounding.figures import written_values
from shopbot.agents.grounding.text import END, LONGEST_NUMBER, Token, at, glued_after, glued_before
from shopbot.prompts import load_data

PERCENT = "%"
LONGEST_GROUP = 5
"""Digits of a group that blanks may join to others (an order number in groups): a longer one stands alone."""


@dataclass(frozen=True)
class Mention:
    """A number in a text: its value, its unit (`%`, a currency code or nothing), its tokens from `start` to `end`."""

    value: Fraction
    unit: str
    start: int
    end: int
    whole: bool = False
    """Written in plain digits, or in words that make a whole number."""


def numbers_in(tokens: Sequence[Token], taken: frozenset[int] = frozenset()) -> list[Mention]:
    """All mentions, in order; tokens at the places `taken` belong to something else (a date, an address)."""
    found = [*_Reader(tokens, taken).mentions()]
    return [mention for mention, alone in zip(found, _alone(found, tokens), strict=True) if alone]


def _alone(mentions: Sequence[Mention], tokens: Sequence[Token]) -> list[bool]:
    """Which mentions stand for themselves: no group of digits among others, no cardinal in words among others."""
    rows = [_in_a_row(one, other, tokens) for one, other in itertools.pairwise(mentions)]
    neighbours = zip([False, *rows], [*rows, False], strict=True)
    return [not before and not after for before, after in neighbours][: len(mentions)]


def _in_a_row(one: Mention, other: Mention, tokens: Sequence[Token]) -> bool:
    written = tokens[one.start].is_number == tokens[other.start].is_number
    short = (
        all(len(tokens[mention.start].text) <= LONGEST_GROUP for mention in (one, other)) or tokens[one.start].is_word
    )
    return one.end == other.start and one.whole and other.whole and not one.unit and written and short


class _Reader:
    def __init__(self, tokens: Sequence[Token], taken: frozenset[int]) -> None:
        self._tokens = tokens
        self._taken = taken
        self._words: Lexicon = lexicon()
        self._cardinals = CardinalReader(tokens, self._words)

    def mentions(self) -> Iterator[Mention]:
        place, behind = 0, -1
        while place < len(self._tokens):
            found = [] if place in self._taken else self._at(place)
            for mention in found:
                mention = self._with_unit(mention)
                yield replace(mention, value=mention.value * self._sign(mention.start, behind))
                behind = mention.end
            place = max(place + 1, found[-1].end) if found else place + 1

    def _at(self, place: int) -> list[Mention]:
        token = self._tokens[place]
        if token.is_number:
            return self._in_digits(place)
        if token.is_word and not (
            glued_before(self._tokens, place).is_number or points_at_a_thing(self._tokens, place, self._words)
        ):
            mention = self._in_words(place)
            return [mention] if mention else []
        return []

    def _in_digits(self, place: int) -> list[Mention]:
        token = self._tokens[place]
        fraction = self._fraction(place)
        if fraction or not (self._may_begin(place) and self._may_end(place)):
            return [fraction] if fraction else []
        before, after = glued_before(self._tokens, place), glued_after(self._tokens, place)
        if before.text == ".":
            return [Mention(Fraction(f"0.{token.text}"), "", place, place + 1)] if token.text.isdecimal() else []
        values = written_values(token.text)
        factor = self._words.words["multipliers"].get(after.text, 1)
        if len(values) != 1:
            return [Mention(value, "", place, place + 1) for value in values]
        mention = Mention(values[0] * factor, "", place, place + 1 + (factor != 1), whole=token.text.isdecimal())
        mixed = self._fraction(place + 1) if mention.whole and not at(self._tokens, place + 1).glued else None
        if mixed and 0 < mixed.value < 1:
            return [replace(mention, value=mention.value + mixed.value, end=mixed.end, whole=False)]
        return [self._continued(mention)]

    def _fraction(self, place: int) -> Mention | None:
        """ "1/2", standing alone."""
        over, slash, under = (at(self._tokens, place + step) for step in range(3))
        decimal = over.raw.isdecimal() and under.raw.isdecimal() and over.is_number and under.is_number
        plain = decimal and slash.text == "/" and slash.glued and under.glued
        if not plain or not self._may_begin(place) or not int(under.text):
            return None
        if glued_after(self._tokens, place + 2).text in {"/", "-", "_", "^", ":"} or not self._may_end(place + 2):
            return None
        return Mention(Fraction(int(over.text), int(under.text)), "", place, place + 3)

    def _may_begin(self, place: int) -> bool:
        before = glued_before(self._tokens, place)
        words = self._words
        if before.is_word:
            return (words.is_in("currencies", before) or words.is_in("times", before)) and not glued_before(
                self._tokens, place - 1
            ).is_number
        further = glued_before(self._tokens, place - 1) if before is not END else END
        if before.text == ".":
            return further is END or words.is_in("currencies", further) or further.text in {"(", "-", "+"}
        if before.text == "-":
            return not (further.is_number or further.is_word)
        if before.text in {"/", ":"}:
            return not further.is_number
        return before.text not in {"_", "^", "@", "&", "\\"}

    def _may_end(self, place: int) -> bool:
        after = glued_after(self._tokens, place)
        further = glued_after(self._tokens, place + 1) if after is not END else END
        if after.is_word:
            known = any(self._words.is_in(kind, after) for kind in ("units", "multipliers", "currencies"))
            return known and not further.is_number
        if after.text in {"-", "/"}:
            return further is END or (further.is_word and (after.text == "/" or len(further.text) > 2))
        return after.text not in {"_", "^", "@", "&", "\\"} and not (after.text in {":", "."} and further.is_number)

    def _in_words(self, place: int) -> Mention | None:
        token = self._tokens[place]
        following = at(self._tokens, place + 1)
        words = self._words
        if words.is_in("quantities", token):
            return Mention(Fraction(words.words["quantities"][token.text]), "", place, place + 1)
        if words.is_in("half", token) or (words.is_in("articles", token) and words.is_in("half", following)):
            return self._half(place + (not words.is_in("half", token)), place)
        if words.is_in("articles", token) or words.is_in("groups", token):
            return self._after_article(place)
        read = self._cardinals.read(place) if token.text in words.cardinal_words else None
        if read and self._is_ordinal(read[1]):
            return None
        return self._continued(Mention(Fraction(read[0]), "", place, read[1], whole=True)) if read else None

    def _is_ordinal(self, end: int) -> bool:
        """Whether the words up to `end` go on as an ordinal ("thirty-first")."""
        joined = self._cardinals.following_word(end)
        return joined > end and self._tokens[joined].text in load_data("words/dates.yaml")["ordinals"]

    def _half(self, half: int, start: int) -> Mention:
        group = half + 1 + self._words.is_in("articles", at(self._tokens, half + 1))
        if self._words.is_in("groups", at(self._tokens, group)):
            return Mention(Fraction(self._words.words["groups"][self._tokens[group].text], 2), "", start, group + 1)
        return Mention(Fraction(1, 2), "", start, half + 1)

    def _after_article(self, place: int) -> Mention | None:
        """ "a dozen", "a quarter", "a third of", "a hundred"."""
        article = self._words.is_in("articles", self._tokens[place])
        noun = at(self._tokens, place + article)
        if self._words.is_in("groups", noun):
            return Mention(Fraction(self._words.words["groups"][noun.text]), "", place, place + article + 1)
        part = self._part(place + 1)
        if part and (noun.text in self._words.words["parts"] or at(self._tokens, place + 2).text == "of"):
            return Mention(part, "", place, place + 2)
        read = self._cardinals.read(place) if noun.text not in self._words.below_twenty else None
        return Mention(Fraction(read[0]), "", place, read[1], whole=True) if read else None

    def _part(self, place: int) -> Fraction | None:
        word = at(self._tokens, place).text
        under = self._words.words["parts"].get(word, self._words.words["ordinal_parts"].get(word))
        return Fraction(1, under) if under else None

    def _continued(self, mention: Mention) -> Mention:
        """With what belongs to the number behind it: a scale, a dozen, decimals read aloud, "and a half"."""
        words, end = self._words.words, self._cardinals.following_word(mention.end)
        following = at(self._tokens, end).text
        factors = {**words["scales"], **words["groups"], **dict.fromkeys(words["hundred"], 100)}
        if following in factors:
            return replace(mention, value=mention.value * factors[following], end=end + 1)
        part = self._part(end)
        if part and mention.whole and 0 < mention.value < 10:
            return replace(mention, value=mention.value * part, end=end + 1, whole=False)
        if following in words["point"]:
            digits, behind = digits_read_aloud(self._tokens, end + 1, self._words)
            decimals = Fraction(f"0.{digits}") if 0 < len(digits) <= LONGEST_NUMBER else Fraction(0)
            return replace(mention, value=mention.value + decimals, end=behind, whole=False) if digits else mention
        if following in words["joint"] and mention.whole:
            return self._and_a_part(mention, end + 1)
        return mention

    def _and_a_part(self, mention: Mention, place: int) -> Mention:
        noun = place + (self._words.is_in("articles", at(self._tokens, place)))
        if noun > place and self._words.is_in("half", at(self._tokens, noun)):
            return replace(mention, value=mention.value + Fraction(1, 2), end=noun + 1, whole=False)
        if noun > place and at(self._tokens, noun).text in self._words.words["parts"]:
            return replace(mention, value=mention.value + (self._part(noun) or 0), end=noun + 1, whole=False)
        return mention

    def _with_unit(self, mention: Mention) -> Mention:
        words = self._words.words
        after, further = at(self._tokens, mention.end), at(self._tokens, mention.end + 1)
        if after.text == PERCENT or after.text in words["percent"]:
            return replace(mention, unit=PERCENT, end=mention.end + 1)
        if [after.text, further.text] == words["per_cent"]:
            return replace(mention, unit=PERCENT, end=mention.end + 2)
        before = at(self._tokens, mention.start - 1)
        if before.text == "." or before.text == "-":
            before = glued_before(self._tokens, mention.start - 1)
        unit = words["currencies"].get(before.text) or words["currencies"].get(after.text, "")
        return replace(mention, unit=unit)

    def _sign(self, start: int, behind: int) -> int:
        place = start - 1
        while at(self._tokens, place).text == "." or self._words.is_in("currencies", at(self._tokens, place)):
            place -= 1
        sign, glued = at(self._tokens, place), at(self._tokens, place + 1).glued
        if sign.text == "-" and glued:
            before = glued_before(self._tokens, place)
            return 1 if before.is_number or before.is_word else -1
        if self._words.is_in("negative", sign):
            return -1
        return -1 if self._words.is_in("minus", sign) and not self._is_number_end(place, behind) else 1

    def _is_number_end(self, place: int, behind: int) -> bool:
        """Whether a number ends right before the "minus" at `place`: then it takes away and is no sign."""
        return 0 <= behind <= place and all(
            self._words.is_in("currencies", token) or token.text == PERCENT for token in self._tokens[behind:place]
        )
