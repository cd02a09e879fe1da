"""Sums in words -> an arithmetic expression of numbers, + - * / and parentheses. Does not calculate.

A small recursive-descent parser over normalised words. Percentages are relative to what they are taken of or off:
"20% off 59.90" becomes "59.90 - 59.90 * 20 / 100".
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from shopbot.engines.shopbot.item_sums import NotAllRead, item_sum
from shopbot.engines.spoken.numerals import spell_in_digits

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d{1,2}(?!\d)|\d+(?:\.\d+)?|\.\d+"
_WORDING = (
    (r"[$€£¥]", " "),
    (r"\b(?:divided by|over|split (?:by|between|among|into))\b|÷", " / "),
    (r"\b(?:multiplied (?:by|with)|times|at)\b|[×·]|@", " * "),
    (r"(?<=\d)\s*[x](?=\s|\d|$)|(?<=\s)x(?=\s|\d)", " * "),
    (r"\b(?:plus|added to)\b", " + "),
    (r"\b(?:minus|less)\b|[–−]", " - "),
    (r"\bper ?cents?\b|\bpct\b", " % "),
    (r"\b(?:a |one )?half(?: of)?\b", " half "),
    (r"\b(?:a |one )?third of\b", " third "),
    (r"\b(?:a |one )?quarter of\b", " quarter "),
    (r"\ba dozen\b", " 12 "),
    (r"%\s*(?:(?:sales )?tax|vat|tip|interest|commission)\s+on(?=[^%]*\d)", "% of "),
    (r"%\s*on(?=\s+\W*\d)", "% of "),
)
_ORDERED = (
    (rf"^.*?\bsubtract\s+({_NUMBER})\s+from\s+({_NUMBER})\b.*$", r"\2 - \1"),
    (rf"^.*?\badd\s+({_NUMBER})\s+(?:to|and|with)\s+", r"\1 + "),
    (rf"^.*?\bmultiply\s+({_NUMBER})\s+(?:by|with|and)\s+", r"\1 * "),
    (
        rf"^.*?\b(?:split|divide|share)\s+({_NUMBER})\s+(?:(?:by|between|among|into|in|with)\s+)?(?:the\s+)?({_NUMBER}).*$",
        r"\1 / \2",
    ),
    (rf"^.*?\bdifference (?:between|of)\s+({_NUMBER})\s+and\s+({_NUMBER}).*$", r"\1 - \2"),
    (rf"^.*?\bproduct of\s+({_NUMBER})\s+and\s+({_NUMBER}).*$", r"\1 * \2"),
)
_FRACTIONS = {"half": "/ 2", "third": "/ 3", "quarter": "/ 4", "double": "* 2", "twice": "* 2", "triple": "* 3"}
_TOKEN = re.compile(rf"{_NUMBER}|[-+*/()%]|\b(?:of|off|with|and|half|third|quarter|double|twice|triple)\b|,|[^\W\d]+")
_KNOWN = re.compile(rf"{_NUMBER}|[-+*/()%,]|of|off|with|and|half|third|quarter|double|twice|triple")


LONGEST = 500
"""Characters of a question that may hold a sum."""
_ORDER_NUMBER = re.compile(r"(?:\border(?: (?:no\.?|number|nr\.?))? ?|#)#?\d{4,}\b", re.IGNORECASE)


def to_expression(text: str) -> str | None:
    """An expression such as "80 * 15 / 100", or None when the words are no sum that can be understood."""
    if len(text) > LONGEST:
        return None
    tokens = _tokens(text)
    try:
        result = _Parser(tokens).parse()
    except _NotASum:
        return None
    return result.text if any(mark in result.text for mark in "+-*/") else None


def sum_of(question: str, wanted: str | None = None) -> str | None:
    """The expression of the sum that a question asks for, in which every number of the question is used.

    `wanted` is what a reader took for the sum in it. None when there is none, or when something is left over: then it
    is to be asked which numbers are meant.
    """
    if len(question) > LONGEST:
        return None
    try:
        items = item_sum(question)
    except NotAllRead:
        return None
    if items is not None:
        return items if any(mark in items for mark in "+-*/") else None
    found = (to_expression(wanted) if wanted else None) or to_expression(question)
    return found if found and _uses_every_number(found, question) else None


def _uses_every_number(expression: str, question: str) -> bool:
    """Whether each number of the question, order numbers aside, stands in the expression as often as it was said."""
    said = Counter(_values(_ORDER_NUMBER.sub(" ", question)))
    return not said - Counter(Fraction(number) for number in re.findall(r"\d+(?:\.\d+)?", expression))


def _values(text: str) -> list[Fraction]:
    tokens = _tokens(text)
    fractions = [Fraction(_FRACTIONS[token][2:]) for token in tokens if token in _FRACTIONS]
    return [*fractions, *(Fraction(_plain(token)) for token in tokens if token[-1].isdecimal())]


class _NotASum(Exception):
    """The words do not parse."""


@dataclass(frozen=True)
class _Term:
    text: str
    binds: int  # 1 a sum, 2 a product, 3 a number

    def inside(self, binds: int) -> str:
        return self.text if self.binds >= binds else f"({self.text})"


def _tokens(text: str) -> list[str]:
    written = f" {spell_in_digits(text.lower())} "
    for wording, mark in _WORDING:
        written = re.sub(wording, mark, written)
    for wording, ordered in _ORDERED:
        written = re.sub(wording, ordered, written)
    return [token for token in _TOKEN.findall(written) if _KNOWN.fullmatch(token)]


def _plain(number: str) -> str:
    if re.fullmatch(r"\d+,\d{1,2}", number):
        return number.replace(",", ".")
    plain = number.replace(",", "")
    return f"0{plain}" if plain.startswith(".") else plain.lstrip("0") or "0" if plain.isdecimal() else plain


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def parse(self) -> _Term:
        while self._peek() in ("of", "and", ",", "+"):
            self._at += 1
        result = self._sum()
        if self._at < len(self._tokens):
            raise _NotASum
        return result

    def _peek(self, ahead: int = 0) -> str:
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise _NotASum
        self._at += 1
        return token

    def _sum(self) -> _Term:
        left = self._product()
        while self._peek() in ("+", "-", "and", ",", "with"):
            joint = self._take()
            if self._is_relative():
                left = self._relative(left, joint)
            elif joint == "with":
                raise _NotASum
            else:
                right = self._product()
                sign = "-" if joint == "-" else "+"
                left = _Term(f"{left.text} {sign} {right.inside(2)}", 1)
        return left

    def _is_relative(self) -> bool:
        return self._number_next() and self._peek(1) == "%" and self._peek(2) != "of"

    def _relative(self, base: _Term, joint: str) -> _Term:
        rate = _plain(self._take())
        self._at += 1
        off = self._peek() == "off"
        if off:
            self._at += 1
        sign = "-" if off or joint == "-" else "+"
        return _Term(f"{base.text} {sign} {base.inside(2)} * {rate} / 100", 1)

    def _product(self) -> _Term:
        left = self._factor()
        while self._peek() in ("*", "/"):
            sign = self._take()
            right = self._factor()
            left = _Term(f"{left.inside(2)} {sign} {right.inside(3)}", 2)
        return left

    def _factor(self) -> _Term:
        token = self._take()
        if token == "(":
            return self._bracketed()
        if token == "-":
            return _Term(f"-{self._factor().inside(3)}", 2)
        if token in _FRACTIONS:
            if self._peek() == "of":
                self._at += 1
            return _Term(f"{self._factor().inside(2)} {_FRACTIONS[token]}", 2)
        if not token[-1].isdecimal():
            raise _NotASum
        return self._percent(_plain(token)) if self._peek() == "%" else _Term(_plain(token), 3)

    def _bracketed(self) -> _Term:
        inner = self._sum()
        if self._take() != ")":
            raise _NotASum
        return _Term(f"({inner.text})", 3)

    def _percent(self, rate: str) -> _Term:
        self._at += 1
        how = self._peek()
        if how not in ("of", "off"):
            raise _NotASum
        self._at += 1
        if how == "off" and self._peek() == "of":
            self._at += 1
        base = self._factor()
        share = f"{base.inside(2)} * {rate} / 100"
        return _Term(share, 2) if how == "of" else _Term(f"{base.text} - {share}", 1)

    def _number_next(self) -> bool:
        return self._peek()[-1:].isdecimal()
