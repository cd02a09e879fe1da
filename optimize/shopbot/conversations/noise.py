"""Manners of writing: typos, slang, capitals, missing words. Works piece by piece, so spans stay aligned."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from shopbot.optimize.shopbot.conversations.grammar import Piece

_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
_SOUNDS_LIKE = {"a": "e", "e": "ia", "i": "ey", "o": "u", "u": "o", "c": "ks", "k": "c", "s": "z", "y": "i", "z": "s"}
_SLANG = {
    "you": "u", "your": "ur", "are": "r", "please": "pls", "want to": "wanna", "going to": "gonna", "thanks": "thx",
    "because": "cuz", "have to": "gotta", "I do not know": "idk", "with": "w", "for": "4", "to": "2", "what": "wat",
    "something": "smth", "okay": "k", "yes": "ye", "about": "abt", "order": "ordr", "package": "pkg", "number": "nr",
}  # fmt: skip
_SPARED = ("ORDER", "EMAIL", "EXPR", "QTY")
MANNERS = ("plain", "polished", "lower", "typos", "slang", "caps", "foreign", "bare")
_WEIGHTS = (24, 17, 23, 18, 5, 3, 5, 5)


def draw_manner(rng: random.Random) -> str:
    """One manner of writing for a whole message."""
    return rng.choices(MANNERS, _WEIGHTS)[0]


def rewrite(pieces: list[Piece], manner: str, rng: random.Random) -> list[Piece]:
    """The same message as somebody with this manner types it."""
    match manner:
        case "polished":
            return _polished(pieces, rng)
        case "lower":
            return [replace(piece, text=piece.text.lower()) for piece in pieces]
        case "caps":
            return [replace(piece, text=piece.text.upper()) for piece in pieces]
        case "typos":
            return [_mistyped(piece, rng) for piece in pieces]
        case "slang":
            return [piece if piece.kind else replace(piece, text=_slang(piece.text, rng)) for piece in pieces]
        case "foreign":
            return [piece if piece.kind else replace(piece, text=_without_articles(piece.text)) for piece in pieces]
        case "bare":
            return [piece if piece.kind else replace(piece, text=_without_marks(piece.text)) for piece in pieces]
    return pieces


def _polished(pieces: list[Piece], rng: random.Random) -> list[Piece]:
    first, last = pieces[0], pieces[-1]
    polished = [replace(first, text=first.text[:1].upper() + first.text[1:]), *pieces[1:]]
    if last.text and last.text[-1].isalnum():
        polished.append(Piece(rng.choice((".", ".", "!", "?", "..."))))
    return polished


def _mistyped(piece: Piece, rng: random.Random) -> Piece:
    if piece.kind in _SPARED:
        return piece
    words = re.split(r"(\s+)", piece.text)
    # Product words are what customers misspell and what is missed most when misspelt.
    rate = 0.45 if piece.kind == "ITEM" else 0.2
    return replace(piece, text="".join(_slip(word, rng) if rng.random() < rate else word for word in words))


def _slip(word: str, rng: random.Random) -> str:
    if len(word) < 4 or not word.isalpha():
        return word.replace("'", "")
    at = rng.randint(1, len(word) - 2)
    before, char, after = word[:at], word[at], word[at + 1 :]
    return rng.choice(
        (
            before + after,
            before + char + char + after,
            before + after[0] + char + after[1:],
            before + rng.choice(_NEIGHBOURS.get(char.lower(), char)) + after,
            before + rng.choice(_SOUNDS_LIKE.get(char.lower(), char)) + after,
        )
    )


def _slang(text: str, rng: random.Random) -> str:
    for word, short in _SLANG.items():
        if rng.random() < 0.6:
            text = re.sub(rf"\b{word}\b", short, text, flags=re.IGNORECASE)
    return text.lower()


def _without_articles(text: str) -> str:
    return re.sub(r"\b(the|a|an|my|is|to|have) ", "", text)


def _without_marks(text: str) -> str:
    return re.sub(r"(?<=\w)[,.!?']+", "", text).lower()
