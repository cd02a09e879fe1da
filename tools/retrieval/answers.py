"""Checks an answer against the passages it was made from: each citation retrieved, each quote in what it cites.

An answer cites with keys in square brackets, `[returns#return-window]`, after the statement they support; a quote
stands in double quotation marks before its citation. A bracket is a citation when its content is a retrieved key or
has a key's form (`document#section`); `[1]` and `[order]` are ordinary words. Which sentences must cite at all is
the business of `shopbot.tools.retrieval.claims`. Pure functions: what to do with a fault is the gate's business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shopbot.prompts import render

# Brackets and number signs that look like the ASCII ones are recognised, so that they can be refused.
_OPEN, _CLOSE = r"[\[［【〔⟦]", r"[\]］】〕⟧]"
_BRACKETS = re.compile(rf"{_OPEN}([^\[\]［］【】〔〕⟦⟧]+){_CLOSE}")
_KEY = re.compile(r"[^#＃﹟♯]*[^\s#＃﹟♯][#＃﹟♯][^\s#＃﹟♯].*", re.DOTALL)
QUOTE = re.compile(r"[\"“„«]([^\"“”„«»]{8,})[\"”“»]")
"""Words in quotation marks; fewer than eight characters are a name or a button, not a quotation."""
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_FOLDED = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"})
_SHOWN = 60
"""Characters of a wrong quote or sentence that a fault repeats."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an answer; `reason` is a sentence that names it, for whoever has to put it right."""

    what: str
    reason: str


@dataclass(frozen=True)
class Cited:
    """Brackets that cite, side by side, by their place in the text, and the keys in them."""

    start: int
    end: int
    keys: tuple[str, ...]


def citations_in(text: str, known: Mapping[str, str]) -> list[Cited]:
    """Where `text` cites, in order. A key counts as it is written: a look-alike is another key."""
    runs: list[Cited] = []
    for found in _BRACKETS.finditer(text):
        keys = _keys_in(found, known)
        if keys and runs and not text[runs[-1].end : found.start()].strip(" ,;"):
            runs[-1] = Cited(runs[-1].start, found.end(), (*runs[-1].keys, *keys))
        elif keys:
            runs.append(Cited(found.start(), found.end(), keys))
    return runs


def cited_keys(answer: str, known: Mapping[str, str] | None = None) -> list[str]:
    """The keys that `answer` cites, in order, each once."""
    return list(dict.fromkeys(key for cited in citations_in(answer, known or {}) for key in cited.keys))


def without_citations(text: str) -> str:
    """`text` with round brackets around what would cite, for text that must not speak with another's key."""
    for cited in reversed(citations_in(text, {})):
        round_brackets = re.sub(_OPEN, "(", re.sub(_CLOSE, ")", text[cited.start : cited.end]))
        text = f"{text[: cited.start]}{round_brackets}{text[cited.end :]}"
    return text


def unknown_citations(answer: str, passages: Mapping[str, str]) -> list[Fault]:
    """Citations of what was not retrieved.

    Args:
        passages: the retrieved passages, key -> text.
    """
    return [
        fault("unknown", key, key=key, passages=list(passages))
        for key in cited_keys(answer, passages)
        if key not in passages
    ]


def false_quotes(answer: str, passages: Mapping[str, str], elsewhere: Sequence[str] = ()) -> list[Fault]:
    """Quotes that do not stand, word for word, in a passage that their sentence cites.

    A quote whose sentence cites nothing may stand in any passage, or in one of the texts `elsewhere`: what the
    customer said, for example.
    """
    cited, faults = citations_in(answer, passages), []
    for quote in QUOTE.finditer(answer):
        keys = _keys_of(quote, answer, cited)
        texts = [passages.get(key, "") for key in keys] if keys else [*passages.values(), *elsewhere]
        if not any(stands_in(quote[1], text) for text in texts):
            faults.append(fault("misquoted", quote[1], said=shortened(quote[1]), keys=keys))
    return faults


def stands_in(quote: str, text: str) -> bool:
    """Whether `text` has `quote` in it as whole words, whatever the white space, the quotation marks, a final stop."""
    wanted, whole = _folded(quote).strip(" .,;…"), _folded(text)
    if not wanted or wanted not in whole:
        return False
    # "0 days" does not stand in "30 days", nor "5 days" in "2.5 days".
    return bool(re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(wanted)}(?!\w)", whole))


def fault(kind: str, what: str, **values: object) -> Fault:
    """A fault, worded in `prompts/answers/faults.j2`."""
    return Fault(what, render("answers/faults.j2", kind=kind, **values))


def shortened(text: str) -> str:
    """`text` as far as a fault repeats it."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _keys_in(bracket: re.Match[str], known: Mapping[str, str]) -> tuple[str, ...]:
    content = bracket[1].strip()
    parts = [content] if content in known else [part.strip() for part in re.split(r"[,;]", content)]
    keys = [part for part in parts if part in known or _KEY.fullmatch(part)]
    # Only square brackets cite; what merely looks like them is given back whole, and is no key.
    is_square = bracket[0].startswith("[") and bracket[0].endswith("]")
    return tuple(key if is_square else bracket[0] for key in keys)


def _keys_of(quote: re.Match[str], answer: str, cited: Sequence[Cited]) -> tuple[str, ...]:
    """The keys that the sentence of a quote cites: the ones next after it, else the ones before it."""
    stop = _SENTENCE_END.search(answer, quote.end())
    end = stop.end() if stop else len(answer)
    # A citation may stand after the full stop of the sentence it belongs to.
    after = next((one for one in cited if one.start >= quote.end()), None)
    if after and (after.start <= end or not answer[end : after.start].strip()):
        return after.keys
    stops = [stop.end() for stop in _SENTENCE_END.finditer(answer, 0, quote.start())]
    start = stops[-1] if stops else 0
    return tuple(key for one in cited if start <= one.start < quote.start() for key in one.keys)


@lru_cache(maxsize=64)
def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(_FOLDED).split()).casefold()
