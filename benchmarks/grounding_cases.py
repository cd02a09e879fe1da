"""Generated values, spelled as people spell them in a sentence, with near misses that denote something else.

Nothing here reads: numbers are spelled by a speller of its own, and a near miss differs from the value by construction.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

_SMALL = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_MONTHS = [
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
]
_DISTRACTORS = (
    "", "", "The parcel QQ-9988776655 came on 2 May 2031. ", "I paid $88,888.75 by card. ", "Ask zed@zed.example too. ",
    "A friend likes hers as well, size ZZ77. ",
)  # fmt: skip
_FRAMES = (
    "{}", "it is {}", "Hi, {} please.", "I think it's {}, thanks!", "hello there. {}", "that would be {}, I believe",
    "my answer: {}", "It arrived yesterday and was broken; {}.", "no, not that - I meant {}!", "({}) is what I have",
)  # fmt: skip
_COLOURS = ["red", "blue", "green", "black", "white", "grey", "yellow", "purple", "navy", "olive"]
_STUFF = ["cotton", "woollen", "leather", "striped", "slim", "cropped", "quilted", "vintage", "hooded", "knitted"]
_THINGS = [
    "shirt",
    "dress",
    "jacket",
    "mug",
    "lamp",
    "blanket",
    "scarf",
    "sweater",
    "box",
    "brush",
    "glass",
    "cherry",
    "watch",
    "pillow",
    "teapot",
]
_NAMES = [
    "jane",
    "maria",
    "tom",
    "anna",
    "kowalski",
    "lopez",
    "meyer",
    "smith",
    "olga",
    "pierre",
    "chen",
    "wanda",
    "nadia",
    "bruno",
]
_HOSTS = ["example", "gmail", "posteo", "mybank", "shop-mail", "web", "fastmail", "north-star"]
_ENDINGS = ("com", "org", "de", "co.uk", "net")


@dataclass(frozen=True)
class Case:
    """A text, the value that it gives, and values that it does not give."""

    text: str
    value: Any
    near_misses: tuple[Any, ...]


def cases(kind: str, count: int, seed: int = 7) -> Iterator[Case]:
    """`count` cases of a kind: numbers, dates, addresses, identifiers or phrases."""
    draw = random.Random(f"{kind} {seed}")
    for _ in range(count):
        spelled, value, misses = _GENERATORS[kind](draw)
        text = draw.choice(_DISTRACTORS) + draw.choice(_FRAMES).format(spelled)
        yield Case(text, value, tuple(miss for miss in dict.fromkeys(misses) if miss != value))


def spelled_in_words(number: int, draw: random.Random) -> str:
    """English words of a whole number below a million."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        ones = number % 10
        return _TENS[number // 10] + (draw.choice("- ") + _SMALL[ones] if ones else "")
    if number < 1000:
        rest = number % 100
        joint = draw.choice((" and ", " "))
        return f"{_SMALL[number // 100]} hundred" + (joint + spelled_in_words(rest, draw) if rest else "")
    thousands, rest = divmod(number, 1000)
    joint = " and " if 0 < rest < 100 else " "
    return f"{spelled_in_words(thousands, draw)} thousand" + (joint + spelled_in_words(rest, draw) if rest else "")


def _number(draw: random.Random) -> tuple[str, Any, list[Any]]:
    if draw.random() < 0.3:
        return _decimal(draw)
    value = draw.choice((draw.randint(2, 30), draw.randint(2, 1500), draw.randint(1000, 999_999)))
    negative = draw.random() < 0.15
    spelling = draw.choice(("digits", "words", "thousands", "currency", "pieces", "percent"))
    sign = "-" if negative else ""
    spelled = {
        "digits": f"{sign}{value}",
        "words": ("minus " if negative else "") + spelled_in_words(value, draw),
        "thousands": f"{sign}{value:,}",
        "currency": draw.choice(
            (f"{sign}${value:,}", f"{sign}{value} dollars", f"{sign}{value} €", f"{sign}£{value}.00")
        ),
        "pieces": f"{sign}{value} " + draw.choice(("shirts", "of them", "pieces in all", "and nothing else")),
        "percent": draw.choice((f"{sign}{value}%", f"{sign}{value} percent")),
    }[spelling]
    wanted = -value if negative else value
    return spelled, draw.choice((wanted, float(wanted))), _near_numbers(wanted)


def _decimal(draw: random.Random) -> tuple[str, Any, list[Any]]:
    cents = draw.randint(1, 300_000)
    whole, rest = divmod(cents, 100)
    spelled = draw.choice(
        (f"{whole}.{rest:02}", f"${whole:,}.{rest:02}", f"{whole},{rest:02} €", f"USD {whole}.{rest:02}")
    )
    if whole == 0 and draw.random() < 0.5:
        spelled = f".{rest:02}"
    value = cents / 100
    return (
        spelled,
        value,
        [-value, cents if cents != value else -1, value + 1, value * 10, (cents + 1) / 100, float(f"{whole}{rest:02}")],
    )


def _near_numbers(value: int) -> list[Any]:
    digits = str(abs(value))
    sign = -1 if value < 0 else 1
    dropped = [digits[:place] + digits[place + 1 :] for place in range(len(digits))] if len(digits) > 1 else []
    inserted = [f"{digits}0", f"{digits}1", f"1{digits}", f"{digits[0]}0{digits[1:]}"]
    parts = [digits[: len(digits) // 2], digits[len(digits) // 2 :]] if len(digits) > 1 else []
    rounded = [abs(value) // 10 * 10, abs(value) // 100 * 100, abs(value) % 100, abs(value) % 1000]
    misses = [*map(int, dropped + inserted + parts), *rounded, abs(value) + 1, abs(value) - 1]
    return [-value, value / 100, value + 0.5, *(sign * miss for miss in misses if miss != abs(value))]


def _date(draw: random.Random) -> tuple[str, Any, list[Any]]:
    day = date(1930, 1, 1) + timedelta(days=draw.randrange(40_000))
    month, number = _MONTHS[day.month - 1], day.day
    ending = "th" if 10 < number < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    spelled = [
        day.isoformat(), f"{number} {month} {day.year}", f"{month} {number}, {day.year}",
        f"{month} {number}{ending}, {day.year}", f"the {number}{ending} of {month} {day.year}",
        f"{number}{ending} {month[:3]} {day.year}", f"{number}.{day.month}.{day.year}",
        f"{number}-{month[:3]}-{day.year}",
        f"{day.year}/{day.month:02}/{number:02}", f"{month.lower()} the {number}{ending} {day.year}",
    ]  # fmt: skip
    if number > 12:
        spelled += [f"{number}/{day.month}/{day.year}", f"{day.month}/{number}/{day.year}"]
    misses = [day + timedelta(days=step) for step in (1, -1, 10, -10, 31, -31, 365, -366)]
    if number <= 12 and number != day.month:
        misses.append(date(day.year, number, day.month))
    wanted = draw.choice((lambda one: one, lambda one: one.isoformat()))
    return draw.choice(spelled), wanted(day), [wanted(miss) for miss in misses]


def _address(draw: random.Random) -> tuple[str, Any, list[Any]]:
    first, last, mark = draw.choice(_NAMES), draw.choice(_NAMES), draw.choice((".", "-", "_", "+", ""))
    name = f"{first}{mark}{last}" if mark else f"{first}{draw.randint(1, 99)}"
    host, ending = draw.choice(_HOSTS), draw.choice(_ENDINGS)
    address = f"{name}@{host}.{ending}"
    words = {".": " dot ", "-": " dash ", "_": " underscore ", "+": " plus "}
    dictated = "".join(words.get(char, char) for char in name) + " at "
    dictated += "".join(words.get(char, char) for char in f"{host}.{ending}")
    spelled = [address, address.upper(), f"<{address}>", f"{name} @ {host}.{ending}", f"{name}(at){host}.{ending}"]
    spelled += [] if not mark else [dictated, dictated.replace(" at ", " [at] ").replace(" dot ", " [dot] ")]
    misses = [
        f"{last}@{host}.{ending}", f"{name}@{host.replace('-', '')}.{ending}", f"{name}@{host}.{ending}.au",
        f"{name}@{host}s.{ending}", f"x{name}@{host}.{ending}", f"{name[1:]}@{host}.{ending}", f"{name}@{host}.info",
        f"{name}@my-{host}.{ending}", f"{name[:-1]}@{host}.{ending}", f"{name}@{host[:2]}-{host[2:]}.{ending}",
        f"{first}{last}@{host}.{ending}", f"{first}.{last}.{last}@{host}.{ending}", f"{name}@mail.{host}.{ending}",
    ]  # fmt: skip
    return draw.choice(spelled), address, misses


def _identifier(draw: random.Random) -> tuple[str, Any, list[Any]]:
    digits = "".join(draw.choices(string.digits, k=draw.randint(5, 9)))
    letters = "".join(draw.choices("BCDFGHJKLMQRTVWXZ", k=draw.choice((0, 0, 2, 3))))
    half = len(digits) // 2
    groups = [digits[:half], digits[half:]]
    value = f"{letters}-{digits}" if letters else digits
    tail = draw.choice((digits, "-".join(groups), " ".join(groups)))
    joint = draw.choice(("-", "", " ")) if letters else ""
    spelled = draw.choice((str.upper, str.lower))(letters) + joint + tail
    if not letters:
        read_aloud = " ".join(_SMALL[int(digit)] for digit in digits)
        spelled = draw.choice((spelled, f"#{spelled}", f"order {spelled}", f"ORD-{tail}", read_aloud))
    misses = [
        digits[1:], digits[:-1], f"{digits}0", f"0{digits}", groups[0], groups[1], digits[:half] + digits[half + 1 :],
        f"{digits[:half]}0{digits[half:]}", digits.replace(digits[0], str((int(digits[0]) + 1) % 10), 1), digits[::-1],
    ]  # fmt: skip
    misses = [miss for miss in misses if miss != digits]
    whole = (
        [f"{letters}-{miss}" for miss in misses] + [f"{letters[:-1]}-{digits}", f"{letters}X-{digits}", digits]
        if letters
        else misses
    )
    return spelled, value, whole


def _phrase(draw: random.Random) -> tuple[str, Any, list[Any]]:
    colours, stuff, things = (draw.sample(words, 2) for words in (_COLOURS, _STUFF, _THINGS))
    thing = things[0]
    many = {"y": f"{thing[:-1]}ies"}.get(
        thing[-1], f"{thing}es" if thing.endswith(("s", "x", "ch", "sh")) else f"{thing}s"
    )
    spelled = draw.choice((
        f"the {colours[0]} {stuff[0]} {many}", f"{many}, the {stuff[0]} ones in {colours[0]}",
        f"my {stuff[0].upper()} {thing} ({colours[0]})", f"a {colours[0]}, {stuff[0]} {thing}",
    ))  # fmt: skip
    value = draw.choice((f"{colours[0]} {stuff[0]} {thing}", f"{stuff[0]} {many}", f"the {colours[0].title()} {thing}"))
    misses = [
        f"{colours[1]} {stuff[0]} {thing}", f"{colours[0]} {stuff[1]} {many}", f"{colours[0]} {things[1]}",
        f"{colours[0]}{thing}", f"{thing} 2", f"two {many} not {colours[0]}", f"{thing[:-1]}",
        f"{colours[0]} {thing} 😀 {things[1]}",
        "😀", "...", f"{stuff[0]}{stuff[1]} {thing}",
    ]  # fmt: skip
    return spelled, value, misses


_GENERATORS: dict[str, Callable[[random.Random], tuple[str, Any, list[Any]]]] = {
    "numbers": _number,
    "dates": _date,
    "addresses": _address,
    "identifiers": _identifier,
    "phrases": _phrase,
}
KINDS = tuple(_GENERATORS)
