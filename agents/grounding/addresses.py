"""E-mail addresses that a text mentions, each whole and exactly, in lower case.

Written ("<Jane.Doe@Example.com>,", "jane @ example.com", "jane(at)example.com") or dictated ("jane dot doe at example
dot com", "tom two three at mail dot de" is tom23@mail.de). A dictated one counts where it is clear where it begins: at
the start, behind punctuation, or behind a word that leads up to an address; "wanda kowalski at posteo dot de" could be
two addresses and is none. Blanks that belong to neither form drop nothing and join nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shopbot.agents.grounding.cardinals import digits_read_aloud, lexicon
from shopbot.agents.grounding.text import END, Token, at, tokenise
from shopbot.prompts import load_data

_BRACKETED_AT = re.compile(r"[(\[{<] ?at ?[)\]}>]", re.IGNORECASE)
_BRACKETED_DOT = re.compile(r"[(\[{<] ?dot ?[)\]}>]", re.IGNORECASE)
_SPACED_AT = re.compile(r" @ ?|@ ")
_SPACED_DOT = re.compile(r"(?: at |@)[\w-]+ \. ?[a-z]{2,24}(?![\w-])", re.IGNORECASE)
_DOT_BEHIND = re.compile(r"@[\w.-]+(?: dot [\w-]+)+", re.IGNORECASE)
_DOT = re.compile(r" dot | \. ?", re.IGNORECASE)
_CHUNK = re.compile(r"[^\s,;:<>()\[\]{}\"|=/]+")
_ADDRESS = re.compile(r"[\w.!#$%&'*+?^`~-]+@[\w-]+(?:\.[\w-]+)+")
LONGEST_NAME = 40
"""Words that a dictated name may take, its marks among them."""
_STRIPPED = ".!?'`*~_-"


@dataclass(frozen=True)
class Address:
    """An address and where it stands in the spaced-out text that `split_addresses` returns with it."""

    text: str
    start: int
    end: int


def split_addresses(folded: str) -> tuple[frozenset[str], str]:
    """The addresses that a folded text mentions, and the text with an "@" in their place."""
    text = _joined(folded)
    written = [*_written(text)]
    text = _cut(text, written)
    dictated = [*_dictated(text)]
    return frozenset(address.text for address in (*written, *dictated)), _cut(text, dictated)


def _joined(folded: str) -> str:
    """One blank between words; "(at)" as "@", with blanks around it as the word "at"; the dots of a host written."""
    text = " ".join(folded.split())
    if "@" not in text and "at" not in text.casefold():
        return text
    text = _SPACED_AT.sub(" at ", _BRACKETED_AT.sub("@", text))
    text = _BRACKETED_DOT.sub(".", text.replace(" [dot] ", " dot ").replace(" (dot) ", " dot "))
    for host in (_SPACED_DOT, _DOT_BEHIND):
        text = host.sub(lambda found: _DOT.sub(".", found[0]), text)
    return text


def _cut(text: str, addresses: Sequence[Address]) -> str:
    parts, end = [], 0
    for address in addresses:
        parts += [text[end : address.start], " @ "]
        end = address.end
    return "".join([*parts, text[end:]])


def _written(text: str) -> Iterator[Address]:
    for chunk in _CHUNK.finditer(text):
        if "@" not in chunk[0]:
            continue
        written = chunk[0].lstrip("'`*").rstrip(_STRIPPED)
        start = chunk.start() + chunk[0].index(written)
        spoken_before = text[max(start - 12, 0) : start].split()[-1:]
        if any(word.casefold() in _marks() for word in spoken_before):
            continue
        if written.count("@") == 1 and _ADDRESS.fullmatch(written) and ".." not in written and ".@" not in written:
            yield Address(written.casefold(), start, start + len(written))


def _marks() -> frozenset[str]:
    words = load_data("words/addresses.yaml")
    return frozenset((*words["dot"], *words["marks"]))


def _dictated(text: str) -> Iterator[Address]:
    tokens = tokenise(text)
    words = load_data("words/addresses.yaml")
    behind = 0
    for place, token in enumerate(tokens):
        if token.text not in words["at"] or token.glued or place < behind:
            continue
        name, start = _name_before(tokens, place, max(behind, place - LONGEST_NAME))
        host, end = _atoms(tokens, place + 1)
        if _begins(tokens, start) and name and name not in words["no_name"] and "." in host:
            yield Address(f"{name}@{host}", tokens[start].start, tokens[end - 1].end)
            behind = end


def _name_before(tokens: Sequence[Token], place: int, limit: int) -> tuple[str, int]:
    """The name that ends right before `place`, and where it begins."""
    start = _last_atom(tokens, place, limit)
    while start - 1 > limit and start < place and _mark(tokens, start - 1):
        start = _last_atom(tokens, start - 1, limit)
    name, end = _atoms(tokens, start)
    return (name, start) if end == place else ("", start)


def _last_atom(tokens: Sequence[Token], end: int, limit: int) -> int:
    """Where the atom that ends at `end` begins: a word and the digits read aloud behind it."""
    start = end - 1
    while start > limit and _is_part(before := tokens[start - 1]):
        said = _is_digit(tokens[start]) and (_is_digit(before) or not _leads_up(before))
        if not (tokens[start].glued or (said and before.is_word)):
            break
        start -= 1
    return max(start, limit)


def _atoms(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    """What is spelled from `place` on: atoms joined by "dot", "dash" or written marks; and the place behind it."""
    spelled, place = _atom(tokens, place)
    while spelled and (mark := _mark(tokens, place)):
        atom, behind = _atom(tokens, place + 1)
        if not atom:
            break
        spelled, place = f"{spelled}{mark}{atom}", behind
    return spelled, place


def _atom(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    first = at(tokens, place)
    if _is_digit(first):
        return digits_read_aloud(tokens, place, lexicon())
    if not _is_part(first) or _mark(tokens, place):
        return "", place
    spelled, place = first.text, place + 1
    while _is_part(at(tokens, place)) and at(tokens, place).glued:
        spelled, place = spelled + tokens[place].text, place + 1
    digits, behind = digits_read_aloud(tokens, place, lexicon())
    return spelled + digits, behind


def _mark(tokens: Sequence[Token], place: int) -> str:
    """The character that the token at `place` stands for between two atoms, in words or written without blanks."""
    token, words = at(tokens, place), load_data("words/addresses.yaml")
    if token.text in words["dot"]:
        return "."
    if token.text in words["marks"]:
        return str(words["marks"][token.text])
    return token.text if token.text in {".", "_", "-", "+"} and token.glued and at(tokens, place + 1).glued else ""


def _begins(tokens: Sequence[Token], start: int) -> bool:
    before = at(tokens, start - 1)
    return not _is_part(before) or _leads_up(before)


def _leads_up(token: Token) -> bool:
    return token.text in load_data("words/addresses.yaml")["before"]


def _is_digit(token: Token) -> bool:
    return token.text in lexicon().words["digits"] or token.text in lexicon().words["read_aloud"]


def _is_part(token: Token) -> bool:
    return token is not END and (token.is_word or token.is_number)
