"""Priced items in a question -> the expression of what they come to; nothing where a number or an item is left over.

Read are: a count, a name and a price ("2 shirts at 24.99 each", "one hat for 18"), shipping, and a percentage off
everything. "3 hats for 18" (each, or all three?), a percentage of who knows what and shipping in a refund are asked
back. Whatever is not read makes the whole no sum: half of one would be said with confidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shopbot.engines.spoken.numerals import plain_numbers, spell_in_digits
from shopbot.prompts import load_data

_NUMBER = r"\d+(?:\.\d+)?(?![\d.,]*\d)(?!\s*%)"


class NotAllRead(Exception):
    """The question prices items, and not everything in it is understood."""


@dataclass(frozen=True)
class _Patterns:
    item: re.Pattern[str]
    shipping: re.Pattern[str]
    percent: re.Pattern[str]
    everything: re.Pattern[str]
    unclear: re.Pattern[str]
    unpriced: re.Pattern[str]
    refund: re.Pattern[str]


def item_sum(question: str) -> str | None:
    """The expression of what the priced items come to; None when no item is priced.

    Raises:
        NotAllRead: items are priced, but a number, an item or what to do with them is not clear.
    """
    patterns = _patterns()
    text = plain_numbers(spell_in_digits(question.lower().replace("’", "'")))
    items = [*patterns.item.finditer(text)]
    if not items:
        return None
    rest = patterns.item.sub(" ; ", text)
    shipping = [*patterns.shipping.finditer(rest)]
    rest = patterns.shipping.sub(" ; ", rest)
    percents = [*patterns.percent.finditer(rest)]
    left = patterns.percent.sub(" ; ", rest)
    if re.search(r"\d|%", left) or patterns.unclear.search(left) or patterns.unpriced.search(left):
        raise NotAllRead
    total = " + ".join(_item(found) for found in items)
    if percents:
        return _with_percent(total, len(items), percents, bool(shipping), bool(patterns.everything.search(left)))
    return total + "".join(_shipping(found, bool(patterns.refund.search(left))) for found in shipping)


def _item(found: re.Match[str]) -> str:
    count, price = int(found["count"] or 1), found["price"]
    if count == 1:
        return price
    if not (found["each"] or found["at"]):
        raise NotAllRead
    return f"{count} * {price}"


def _shipping(found: re.Match[str], is_refund: bool) -> str:
    sign = found["sign"]
    if is_refund and sign not in (*_words()["plus"], *_words()["less"]):
        raise NotAllRead
    return f" {'-' if sign in _words()['less'] else '+'} {found['before'] or found['behind']}"


def _with_percent(total: str, items: int, found: list[re.Match[str]], has_shipping: bool, of_all: bool) -> str:
    if len(found) > 1 or has_shipping or not (items == 1 or of_all):
        raise NotAllRead
    if bool(found[0]["taxed"]) != bool(found[0]["tax"]):
        raise NotAllRead
    sign = "+" if found[0]["tax"] else "-"
    base = total if " " not in total else f"({total})"
    return f"{total} {sign} {base} * {found[0]['rate']} / 100"


def _words() -> dict[str, list[str]]:
    words: dict[str, list[str]] = load_data("words/item_sums.yaml")
    return words


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    one_of: dict[str, Any] = {kind: "|".join(map(re.escape, words)) for kind, words in _words().items()}
    name = rf"(?:(?!(?:{one_of['no_name']})\b)[a-z][a-z'-]*\s+)"
    each = rf"(?:\s+(?P<each>{one_of['each']})\b)?"
    price = rf"(?P<price>{_NUMBER})(?:\s+(?:dollars|euros|bucks|pounds))?"
    return _Patterns(
        re.compile(
            rf"(?<![\w.,])(?:(?P<count>\d{{1,3}})(?:\s*x)?|{one_of['one']})\s+{name}{{1,4}}"
            rf"(?:(?P<at>{one_of['at']})|{one_of['for']})\s+{price}{each}"
        ),
        re.compile(
            rf"(?:\b(?P<sign>{one_of['plus']}|{one_of['less']}|and|with)\s+)?(?:(?P<before>{_NUMBER})\s+(?:for\s+)?(?:the\s+)?"
            rf"(?:{one_of['shipping']})\b|(?:the\s+)?\b(?:{one_of['shipping']})(?:\s+(?:of|is|for|at|costs?))?\s+(?P<behind>{_NUMBER}))"
        ),
        re.compile(
            rf"(?:\b(?:{one_of['less']}|with)\s+(?:an?\s+)?|\b(?P<taxed>{one_of['plus']})\s+)"
            rf"(?P<rate>\d+(?:\.\d+)?)\s*%\s*(?:(?P<off>{one_of['off']})|(?P<tax>{one_of['tax']}))?(?![\w%])"
        ),
        re.compile(rf"\b(?:{one_of['everything']})\b"),
        re.compile(rf"\b(?:{one_of['unclear']}|{one_of['less']})\b"),
        re.compile(rf"\b(?:and|plus|with)\s+(?:{one_of['one']}|some|some of)\s+[a-z]|[;,]\s*(?:an?|another)\s+[a-z]"),
        re.compile(rf"\b(?:{one_of['refund']})\b"),
    )
