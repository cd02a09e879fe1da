"""Number words to digits: order numbers read aloud, cardinals and quantities. Pure functions, English only."""

from __future__ import annotations

import re

from shopbot.engines.spoken.addresses import normalise_email

__all__ = ["cardinal", "normalise_email", "number_in", "order_number_in", "plain_numbers", "spell_in_digits"]

_ONES = {
    "zero": 0, "oh": 0, "o": 0, "nought": 0, "null": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
_TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_QUANTITIES = {
    "a": 1, "an": 1, "single": 1, "once": 1, "pair": 1, "both": 2, "couple": 2, "twice": 2, "dozen": 12,
}  # fmt: skip
_CARDINAL_WORDS = _ONES.keys() - {"oh", "o", "null"} | _TEENS.keys() | _TENS.keys()


def order_number_in(text: str) -> str | None:
    """The digits of an order number in any spelling: "#123 456", "ORD-123456", "one two double three ...".

    Returns None when there are no digits in it.
    """
    digits = ""
    words = re.findall(r"\d+|[a-z]+", text.lower())
    if any(word in _SCALES for word in words):
        value = cardinal(text)
        return None if value is None else str(value)
    place = 0
    while place < len(words):
        said, used = _digits_at(words, place)
        digits += said
        place += used
    return digits or None


def cardinal(text: str) -> int | None:
    """A whole number in words or digits: "twenty three" -> 23, "one hundred and five" -> 105; None for the rest."""
    words = [word for word in re.findall(r"\d+|[a-z]+", text.lower()) if word != "and"]
    if len(words) == 1 and words[0].isdecimal():
        return int(words[0])
    total, group = 0, 0
    if not words or not any(_is_cardinal(word) for word in words):
        return None
    for word in words:
        if word == "hundred":
            group = max(group, 1) * 100
        elif word in _SCALES:
            total, group = total + max(group, 1) * _SCALES[word], 0
        elif (value := _value(word)) is not None:
            group += value
        elif word != "a":
            return None
    return total + group


def number_in(text: str) -> int | None:
    """How many: "two", "2x", "x 3", "one pair", "both", "a couple"; None when no number is meant."""
    lowered = text.lower().strip()
    if found := re.search(r"\d+", lowered):
        return int(found.group())
    words = re.findall(r"[a-z]+", lowered)
    numbers = " ".join(word for word in words if word in _CARDINAL_WORDS or word in _SCALES)
    if numbers:
        return cardinal(numbers)
    if "half a dozen" in lowered:
        return 6
    known = [
        _QUANTITIES[word] for word in ("both", "dozen", "couple", "twice", "pair", "single", "a", "an") if word in words
    ]
    return known[0] if known else None


def spell_in_digits(text: str) -> str:
    """Replace runs of number words inside a text: "twenty five times three point five" -> "25 times 3.5"."""
    words = "|".join(sorted(_CARDINAL_WORDS | _SCALES.keys(), key=len, reverse=True))
    run = rf"\b(?:{words})\b(?:(?:\s+and\s+(?=(?:{words})\b(?<!\d))|[\s-]+)(?:{words})\b)*"
    replaced = re.sub(run, _replacement, text, flags=re.IGNORECASE)
    return re.sub(r"(\d)\s+point\s+((?:\d+\s*)+)", _with_decimals, replaced).strip()


def plain_numbers(text: str) -> str:
    """Numbers with a decimal point and nothing else: "$1,299.00" -> "1299.00", "19,95" -> "19.95"; "%" for percent."""
    text = re.sub(r"[$€£¥]", " ", text)
    text = re.sub(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])", lambda found: found[0].replace(",", ""), text)
    text = re.sub(r"(?<![\d,.])(\d+),(\d{1,2})(?![\d,])", r"\1.\2", text)
    return re.sub(r"\b(?:per ?cents?|pct)\b", "%", text)


def _with_decimals(found: re.Match[str]) -> str:
    return f"{found[1]}.{''.join(found[2].split())} "


def _replacement(found: re.Match[str]) -> str:
    # "two and three" is a sum, "two hundred and three" a number.
    parts = re.split(r"(?<!hundred)(?<!thousand)\s+and\s+", found.group().lower())
    return " and ".join(_in_digits(part) for part in parts)


def _in_digits(words: str) -> str:
    split = re.split(r"[\s-]+", words)
    if len(split) > 1 and all(word in _ONES for word in split):
        return " ".join(str(_ONES[word]) for word in split)
    value = cardinal(words)
    return words if value is None else str(value)


def _is_cardinal(word: str) -> bool:
    return word in _SCALES or _value(word) is not None


def _value(word: str) -> int | None:
    if word.isdecimal():
        return int(word)
    if word not in _CARDINAL_WORDS:
        return None
    return (_ONES | _TEENS | _TENS)[word]


def _digits_at(words: list[str], place: int) -> tuple[str, int]:
    word, following = words[place], words[place + 1] if place + 1 < len(words) else ""
    if word in _REPEATS and (following in _ONES or (following.isdecimal() and len(following) == 1)):
        return str(_ONES.get(following, following)) * _REPEATS[word], 2
    if word in _TENS and _ONES.get(following, 0) > 0:
        return str(_TENS[word] + _ONES[following]), 2
    if word.isdecimal():
        return word, 1
    value = (_ONES | _TEENS | _TENS).get(word)
    return ("" if value is None else str(value)), 1
