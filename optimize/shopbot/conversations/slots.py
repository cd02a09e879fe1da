"""The values that fill a wording: order numbers and addresses in every spelling, names, prices, noise."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

from shopbot.optimize.shopbot.conversations import items
from shopbot.optimize.shopbot.conversations.expressions import expression
from shopbot.optimize.shopbot.conversations.grammar import Fill, Piece
from shopbot.optimize.shopbot.conversations.phrasebook import load_words

_DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_EMOJI = ("😀", "😡", "👀", "🤷", "😂😂", "💩", "🙄", "🎉", "❤️", "😭😭😭", "🤔", "🫠", "😐")


def filler(split: str) -> Fill:
    """A `Fill` for the grammar that draws from one split's product words."""

    def fill(name: str, rng: random.Random) -> list[Piece]:
        if name in _PLAIN:
            return [Piece(_PLAIN[name](rng))]
        if name in ("order", "email", "expr"):
            value = {"order": order_number, "email": address, "expr": expression}[name](rng)
            return [Piece(value, {"order": "ORDER", "email": "EMAIL", "expr": "EXPR"}[name])]
        return _item_slot(name, split, rng)

    return fill


def _item_slot(name: str, split: str, rng: random.Random) -> list[Piece]:
    match name:
        case "item":
            return [Piece(items.item_name(split, rng), "ITEM")]
        case "plural":
            return [Piece(items.item_name(split, rng, plural=True), "ITEM")]
        case "the_item":
            return items.the_item(split, rng)
        case "the_items":
            return items.some_items(split, rng)
        case "items_list" | "items_only":
            return items.bare_list(split, rng)
        case "qty":
            return items.quantity(rng)
        case "colour_one":
            return [Piece(f"{rng.choice(items.vocabulary(split).colours)} {_one(rng)}", "ITEM")]
        case "size_one":
            return [Piece(f"{items.quality_word(rng)} {_one(rng)}", "ITEM")]
    raise ValueError(f"unknown slot {name!r}")


def _one(rng: random.Random) -> str:
    return rng.choice(("one", "one", "one", "ones"))


def order_number(rng: random.Random) -> str:
    """An order number as typed or dictated: mostly six digits."""
    length = rng.choices((6, 5, 7, 8, 4, 10, 12), (80, 4, 4, 5, 2, 3, 2))[0]
    digits = "".join(rng.choices(string.digits, k=length))
    drawn = rng.random()
    if drawn < 0.58:
        return digits
    if drawn < 0.72:
        return f"#{digits}"
    if drawn < 0.8:
        return _grouped(digits, rng)
    if drawn < 0.88:
        return _dictated(digits, rng)
    return rng.choice(("ORD-", "ord", "SO-", "# ", "no. ", "A", "ORD ", "W-", "#ORD-", "nr")) + digits


def _grouped(digits: str, rng: random.Random) -> str:
    size = rng.choice((1, 2, 3, 3, 3))
    return rng.choice((" ", " ", "-", ".")).join(digits[at : at + size] for at in range(0, len(digits), size))


def _dictated(digits: str, rng: random.Random) -> str:
    if rng.random() < 0.2 and len(digits) % 2 == 0:
        return " ".join(_pair_word(digits[at : at + 2]) for at in range(0, len(digits), 2))
    words: list[str] = []
    for digit in digits:
        word = rng.choice(("oh", "zero")) if digit == "0" else _DIGIT_WORDS[int(digit)]
        if words and words[-1] == word and rng.random() < 0.5:
            words[-1] = f"double {word}"
        else:
            words.append(word)
    return rng.choice((" ", " ", " ", ", ", "-")).join(words)


def _pair_word(pair: str) -> str:
    tens = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
    teens = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen")
    number = int(pair)
    if number < 10:
        return f"zero {_DIGIT_WORDS[number]}"
    if number < 20:
        return teens[number - 10] if number < 16 else f"{_DIGIT_WORDS[number - 10].removesuffix('t')}teen"
    return tens[number // 10] + (f" {_DIGIT_WORDS[number % 10]}" if number % 10 else "")


def address(rng: random.Random) -> str:
    """An e-mail address as typed, misspaced or dictated."""
    words = load_words("words")
    local = _local_part(rng, words)
    host = rng.choice(words["domains"])
    drawn = rng.random()
    if drawn < 0.68:
        written = f"{local}@{host}"
        return written.upper() if rng.random() < 0.05 else written
    if drawn < 0.8:
        return rng.choice(
            (f"{local} @ {host}", f"{local}@ {host}", f"{local} @{host}", f"{local}@{host.replace('.', ' .', 1)}")
        )
    spoken = {".": " dot ", "_": " underscore ", "-": " dash "}
    said = "".join(spoken.get(char, char) for char in local) + " at " + host.replace(".", " dot ")
    if drawn < 0.94:
        return said
    return rng.choice((f"{local}(at){host}", f"{local} (at) {host}", f"{local}[at]{host}", f"{local} at {host}"))


def _local_part(rng: random.Random, words: dict[str, tuple[str, ...]]) -> str:
    first, last = rng.choice(words["first_names"]), rng.choice(words["last_names"])
    number = str(rng.randint(1, 1999))
    return rng.choice(
        (
            f"{first}.{last}", f"{first}.{last}", f"{first}{last}", f"{first[0]}.{last}", f"{first[0]}{last}",
            f"{first}_{last}", f"{first}-{last}", f"{first}{number}", f"{first}.{last}{number}", first,
            f"{rng.choice(words['mail_words'])}{rng.choice(words['mail_words'])}{number}", f"{last}.{first}",
            rng.choice(words["mail_words"]), f"{first}.{last}+shop",
        )
    )  # fmt: skip


def _name(rng: random.Random) -> str:
    words = load_words("words")
    return f"{rng.choice(words['first_names']).title()} {rng.choice(words['last_names']).title()}"


def _price(rng: random.Random) -> str:
    amount = f"{rng.randint(3, 399)}.{rng.choice(('99', '95', '00', '50'))}"
    return rng.choice((f"${amount}", f"{amount} dollars", amount, f"{amount} euros", f"{rng.randint(5, 300)} bucks"))


def _phone(rng: random.Random) -> str:
    digits = "".join(rng.choices(string.digits, k=7))
    return rng.choice(
        (f"555 {digits[3:]}", f"+1 555 {digits[:3]} {digits[3:]}", f"(555) {digits[:3]}-{digits[3:]}", f"0{digits}55")
    )


def _gibberish(rng: random.Random) -> str:
    drawn = rng.random()
    if drawn < 0.3:
        return "".join(rng.choices("asdfghjkl", k=rng.randint(3, 9)))
    if drawn < 0.6:
        return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 10)))
    if drawn < 0.75:
        return rng.choice(("qwerty", "asd", "lol", "abc", "xx", "hjk", "zz", "foo bar", "jkl;", "aaa")) * rng.randint(
            1, 2
        )
    return "".join(
        rng.choice("bcdfghjklmnpqrstvwxz") + rng.choice(("a", "e", "i", "o", "u", "")) for _ in range(rng.randint(2, 5))
    )


_PLAIN: dict[str, Callable[[random.Random], str]] = {
    "other_order": lambda rng: "".join(rng.choices(string.digits, k=6)),
    "other_email": lambda rng: f"{_local_part(rng, load_words('words'))}@{rng.choice(load_words('words')['domains'])}",
    "price": _price,
    "phone": _phone,
    "zip": lambda rng: str(rng.randint(10000, 99999)),
    "name": _name,
    "gibberish": _gibberish,
    "punctuation": lambda rng: "".join(rng.choices("?!.,-*#", k=rng.randint(1, 5))),
    "emoji": lambda rng: rng.choice(_EMOJI),
}
