"""Claims: which parts of a text say that something has been done, read by their form and by the kind of their verb.

Tense and mood are read by word lists (`prompts/words/claims.yaml`): a question, an offer, a condition and a denial
claim nothing. The kind of a verb that no list holds is that of the nearest one that they do, by the embedding model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from shopbot.errors import AgentError
from shopbot.prompts import load_data
from shopbot.prompts.phrases import any_phrase
from shopbot.tools.retrieval.keywords import stems
from shopbot.tools.retrieval.sentences import sentences

Kind = Literal["deeds", "states", "telling"]
_KINDS: tuple[Kind, ...] = ("deeds", "states", "telling")
WORDS = "words/claims.yaml"
_PART = re.compile(r"[;:]\s|,\s|\s[–—-]+\s|\.\s|\s(?:but|however|though|although|so)\s", re.IGNORECASE)
_MARKUP = re.compile(r"^(?:[\s>#*_-]|\d+[.)]\s)+|[*_`]+")
IDENTIFIER = re.compile(r"(?<![\w.,$-])#?(?=[\w-]*\d)(?!\d{4}-\d\d-\d\d)[A-Za-z0-9][\w-]{4,}")
"""An order number, an item's id and the like."""
_CLOSING = "\"'”)]*_ "
_FRAME = "It has been {verb}."


@dataclass(frozen=True)
class Claim:
    """A part of a sentence that says that something has been done; `verb` in its plain form, empty for a phrase."""

    text: str
    verb: str = ""
    first_person: bool = False

    @property
    def stems(self) -> frozenset[str]:
        """The stems of its words, and of its verb in its plain form."""
        return stems(f"{self.text} {self.verb}")


def claims_in(text: str) -> list[Claim]:
    """What `text` says has been done, part by part of its sentences."""
    plain = text.replace("’", "'")
    return [claim for span in sentences(plain) for claim in _in_sentence(plain[span.start : span.end])]


def _in_sentence(sentence: str) -> Iterator[Claim]:
    forms = _forms()
    bare = _MARKUP.sub("", sentence)
    parts = _PART.split(bare)
    # The last part of a question asks; one before it claims, unless it asks itself: "I've cancelled it, anything else?"
    if sentence.rstrip(_CLOSING).endswith("?"):
        parts = [part for part in parts[:-1] if not forms.asks(part)]
    for part in parts:
        yield from forms.claims(part, is_whole=part == bare)


class _Forms:
    """The word lists as patterns."""

    def __init__(self, words: dict[str, Any]) -> None:
        self._irregular: dict[str, str] = words["irregular"]
        self._participles: dict[str, str] = {_plain_form(verb): verb for kind in _KINDS for verb in words[kind]}
        self._no_verb = frozenset(words["no_verb"])
        self._of_itself = frozenset(words["of_itself"])
        self._open = _pattern(words["open"])
        self._reports = _pattern(words["reports"])
        self._dates = re.compile(
            rf"{_pattern(words['dates']).pattern}|\bon\s+(?:the\s+)?(?:\d|{any_phrase(words['days'])})", re.IGNORECASE
        )
        self._others = re.compile(rf"by\s+(?:[A-Z]|(?:{any_phrase(words['others'])})\s+(?!way\b))")
        self._own = _pattern(words["own"])
        self._of_words = _pattern(words["of_words"])
        self._asks = re.compile(rf"^\s*(?:{any_phrase(words['asks'])})", re.IGNORECASE)
        first = any_phrase(words["first_person"])
        self._this_one = _pattern(words["this_one"])
        between = rf"(?:(?:\w+ly|{any_phrase(words['between'])})\s+)*"
        verb = rf"(?P<verb>(?:\w{{1,2}}-)?\w+ed|{any_phrase(self._irregular)})(?!\w)"
        self._next = re.compile(rf"\band\s+(?:then\s+|also\s+)?{between}{verb}", re.IGNORECASE)
        self._relative = re.compile(
            rf"(?<=\w)\s+(?:(?:that|which)\s+)?you(?:'ve|\s+have|\s+had)?\s+{between}{verb}", re.IGNORECASE
        )
        over = "|".join(map(_word, words["over"]))
        opening, joining = any_phrase(words["opening"]), any_phrase(words["joining"])
        forms = (
            rf"(?P<who>(?:{first})\s*)?(?P<over>{over})\s+(?P<between>{between}){verb}",
            rf"(?P<who>{first})\s+{between}{verb}",
            rf"(?P<who>{first})\s+did\s+{between}(?P<verb>(?!not\b)\w+)",
            rf"(?P<who>{first})(?:'ve)?(?P<joined>(?:\s+[\w'#-]+){{1,6}})\s+(?:{joining})\s+{between}{verb}",
            rf"^\s*(?:{opening})\s+{verb}",
            any_phrase(words["phrases"]),
            rf"^\s*(?:{any_phrase(words['alone'])})[\s.!]*$",
        )
        self._forms = [re.compile(form, re.IGNORECASE) for form in forms]
        subject = rf"(?:(?!(?:{over}|{first}|{any_phrase(words['no_subject'])})(?!\w))[\w#-]+\s+){{1,4}}"
        self._headline = re.compile(
            rf"^\W*{subject}(?P<verb>{any_phrase(words['headlines'])})(?=[\s.!]*$|\s+(?:successfully|to\s+you))",
            re.IGNORECASE,
        )
        self._whole = re.compile(rf"^\s*{verb}[\s.!]*$", re.IGNORECASE)

    def asks(self, part: str) -> bool:
        """Whether a part of a question begins like one."""
        return bool(self._asks.match(part))

    def claims(self, part: str, *, is_whole: bool) -> Iterator[Claim]:
        """What a part of a sentence claims, or the whole of it; each verb that "and" joins is a claim of its own."""
        found = self._first(part, is_whole=is_whole)
        if found is None:
            return
        by_itself = bool(found.groupdict().get("who"))
        verb, start = self._verb(found), 0
        for other in self._next.finditer(part, found.end()):
            if self._is_deed(self._verb(other)):
                yield self._claim(part[start : other.start()], verb, by_itself)
                verb, start = self._verb(other), other.start()
        yield self._claim(part[start:], verb, by_itself)

    def _first(self, part: str, *, is_whole: bool) -> re.Match[str] | None:
        for form in [*self._forms, self._headline, *([self._whole] if is_whole else [])]:
            for found in form.finditer(part):
                verb = self._verb(found)
                if self._is_said(part, found, found.groupdict()) and (not verb or self._is_deed(verb)):
                    return found
        return None

    def _claim(self, text: str, verb: str, first_person: bool) -> Claim:
        return Claim(text.strip(" ()"), self._irregular.get(verb, verb), first_person)

    def _verb(self, found: re.Match[str]) -> str:
        verb = (found.groupdict().get("verb") or "").lower().replace("-", "")
        return self._participles.get(verb, verb)

    def _is_deed(self, participle: str) -> bool:
        return participle not in self._no_verb and kind_of(participle) == "deeds"

    def _is_said(self, part: str, found: re.Match[str], named: Mapping[str, str | None]) -> bool:
        """Whether it is said as done, now, by the agent."""
        before = self._reports.split(part[: found.start()] + (named.get("joined") or ""))[-1]
        # As it is written: "may" leaves a sentence open, and "May" is a month.
        before = self._without_relative(before)
        if self._open.search(before[:1].lower() + before[1:]):
            return False
        over = (named.get("over") or "").lower()
        is_record = over in ("was", "were") and bool(self._dates.search(part, found.start()))
        is_usual = over in ("is", "are") and not named["between"] and not self._is_this_one(before)
        after = part[found.end() :].strip(_CLOSING + ".!")
        is_of_other = not named.get("who") and over in ("have", "has", "had") and not self._is_passive(named, found)
        is_active_of_us = is_of_other and self._own.search(before.lower())
        if (is_of_other and not is_active_of_us) or self._of_words.match(f"{named.get('verb')} {after}".lower()):
            return False
        is_of_itself = bool(named.get("who")) and not after and (named.get("verb") or "").lower() in self._of_itself
        return not (is_record or is_usual or is_of_itself or self._others.match(after))

    def _without_relative(self, before: str) -> str:
        """What stands before a verb less what is said of its subject: "the order you placed"."""
        found = self._relative.search(before)
        told = found and kind_of(self._verb(found)) == "telling"
        return before if found is None or told else before[: found.start()] + before[found.end() :]

    @staticmethod
    def _is_passive(named: Mapping[str, str | None], found: re.Match[str]) -> bool:
        return bool(re.search(r"\b(?:been|got|gotten)\s", f"{named.get('between') or ''} {found[0]}", re.IGNORECASE))

    def _is_this_one(self, before: str) -> bool:
        return bool(self._this_one.search(before.lower()) or IDENTIFIER.search(before))


@cache
def _forms() -> _Forms:
    return _Forms(load_data(WORDS))


def _plain_form(participle: str) -> str:
    """The plain form of a regular verb as its own participle ends: of "refunded", and of "issued" without its e."""
    bare = participle.removesuffix("ed")
    return bare[:-1] if len(bare) > 2 and bare[-1] == bare[-2] and bare[-1] not in "s" else bare


def _word(word: str) -> str:
    """A word of a list as a pattern; one that begins with ' or is "n't" hangs on the word before it."""
    return (re.escape(word) if "'" in word[:2] else rf"(?<![\w']){re.escape(word)}") + r"(?!\w)"


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(_word, sorted(words, key=len, reverse=True))))


@lru_cache(maxsize=4096)
def kind_of(participle: str) -> Kind:
    """What a verb tells of: the list that holds it or the one nearest to it; a deed where nothing can tell."""
    words = load_data(WORDS)
    listed: Kind | None = next((kind for kind in _KINDS if participle in words[kind]), None)
    return listed or _nearest(participle) or "deeds"


def _nearest(participle: str) -> Kind | None:
    """The kind of the listed verb that means the most like it; None where the embedding model is not installed."""
    try:
        kinds, vectors = _known_verbs()
        scores = vectors @ _encoder().encode([_FRAME.format(verb=participle)])[0]
    except AgentError:
        return None
    return kinds[int(scores.argmax())]


@lru_cache(maxsize=4096)
def likeness_of(verb: str, other: str) -> float:
    """How much two verbs, in whatever form, mean the same: a cosine; 0.0 where the embedding model is not installed."""
    try:
        one, two = _encoder().encode([_FRAME.format(verb=verb), _FRAME.format(verb=other)])
    except AgentError:
        return 0.0
    return float(one @ two)


def _encoder() -> Any:
    from shopbot.engines.embedding import shipped_encoder

    return shipped_encoder()


@cache
def _known_verbs() -> tuple[list[Kind], Any]:
    """The kinds of the listed verbs, and their vectors."""
    words = load_data(WORDS)
    listed = [(kind, verb) for kind in _KINDS for verb in words[kind]]
    return [kind for kind, _ in listed], _encoder().encode([_FRAME.format(verb=verb) for _, verb in listed])
