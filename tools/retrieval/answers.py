"""Checks an answer against the passages it was made from: each citation retrieved, each quote in what it cites.

An answer cites with keys in square brackets, `[returns#return-window]`, after the statement they support; a quote
stands in double quotation marks before its citation. Pure functions: what to do with a fault is the gate's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.retrieval.sentences import sentences

_CITATION = re.compile(r"\[([^\[\]\s]+#[^\[\]]*?)\]")
_AFTER_STOP = re.compile(r"([.!?])\s*((?:\[[^\[\]\s]+#[^\[\]]*?\]\s*)+)")
_QUOTE = re.compile(r"[\"“]([^\"“”]{8,})[\"”]")
_FOLDED = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})
_STATEMENT_WORDS = 4


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an answer; `reason` is a sentence that names it, for whoever has to put it right."""

    what: str
    reason: str


def cited_keys(answer: str) -> list[str]:
    """The keys that `answer` cites, in order, each once."""
    keys = (key.strip() for group in _CITATION.findall(answer) for key in re.split(r"[,;]\s*", group))
    return list(dict.fromkeys(keys))


def check_answer(answer: str, passages: Mapping[str, str], *, every_statement: bool = True) -> list[Fault]:
    """What is wrong with `answer`; nothing when it may be sent.

    Args:
        passages: the retrieved passages, key -> text.
        every_statement: whether each sentence of more than three words must be followed by a citation.
    """
    faults = unknown_citations(answer, passages) + false_quotes(answer, passages)
    return faults + (uncited_statements(answer) if every_statement else [])


def unknown_citations(answer: str, passages: Mapping[str, str]) -> list[Fault]:
    """Citations of what was not retrieved."""
    return [
        Fault(key, f"[{key}] is not among the retrieved passages: cite one of {_listed(passages)}.")
        for key in cited_keys(answer)
        if key not in passages
    ]


def false_quotes(answer: str, passages: Mapping[str, str]) -> list[Fault]:
    """Quotes that do not stand, word for word, in a passage that is cited after them."""
    faults = []
    for quote in _QUOTE.finditer(answer):
        rest = answer[quote.end() :]
        keys = cited_keys(rest[: _end_of_citations(rest)]) or cited_keys(answer)
        if not any(stands_in(quote[1], passages.get(key, "")) for key in keys):
            said = quote[1] if len(quote[1]) <= 60 else quote[1][:57] + "..."
            faults.append(Fault(quote[1], f'"{said}" does not stand in {_listed(keys)}: quote it word for word.'))
    return faults


def uncited_statements(answer: str) -> list[Fault]:
    """Sentences that claim something and are followed by no citation; questions claim nothing."""
    faults = []
    # A citation after a full stop belongs to the sentence before it.
    moved = _AFTER_STOP.sub(lambda found: f" {found[2].strip()}{found[1]} ", answer)
    for span in sentences(moved):
        said = moved[span.start : span.end]
        bare = _CITATION.sub("", said).strip()
        if not _CITATION.search(said) and not bare.endswith("?") and len(bare.split()) >= _STATEMENT_WORDS:
            faults.append(Fault(bare, f'"{bare[:60]}" cites no passage: add the key of the one that says so.'))
    return faults


def stands_in(quote: str, text: str) -> bool:
    """Whether `text` has `quote` in it, whatever the white space, the quotation marks and a final full stop."""
    wanted = _folded(quote).rstrip(".,;")
    return bool(wanted) and wanted in _folded(text)


def _folded(text: str) -> str:
    return " ".join(text.translate(_FOLDED).split()).casefold()


def _end_of_citations(rest: str) -> int:
    first = _CITATION.search(rest)
    if first is None:
        return 0
    end = first.end()
    while following := re.match(r"[\s,;]*\[[^\[\]\s]+#[^\[\]]*?\]", rest[end:]):
        end += following.end()
    return end


def _listed(keys: Mapping[str, str] | Sequence[str]) -> str:
    return ", ".join(f"[{key}]" for key in keys) or "a retrieved passage"
