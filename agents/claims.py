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
_WORDS = "words/claims.yaml"
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
    if sentence.rstrip(_CLOSING).endswith("?"):
        return
    forms = _forms()
    bare = _MARKUP.sub("", sentence)
    for part in _PART.split(bare):
        claim = next(forms.claims(part, is_whole=part == bare), None)
        if claim is not None:
            yield claim


class _Forms:
    """The word lists as patterns."""

    def __init__(self, words: dict[str, Any]) -> None:
        self._irregular: dict[str, str] = words["irregular"]
        self._no_verb = frozenset(words["no_verb"])
        self._of_itself = frozenset(words["of_itself"])
        self._open = _pattern(words["open"])
        self._reports = _pattern(words["reports"])
        self._dates = _pattern(words["dates"])
        self._others = _pattern(words["others"])
        first = any_phrase(words["first_person"])
        self._this_one = _pattern(words["this_one"])
        between = rf"(?:(?:\w+ly|{any_phrase(words['between'])})\s+)*"
        verb = rf"(?P<verb>\w+ed|{any_phrase(self._irregular)})(?!\w)"
        over = "|".join(map(_word, words["over"]))
        opening, joining = any_phrase(words["opening"]), any_phrase(words["joining"])
        forms = (
            rf"(?P<who>(?:{first})\s*)?(?P<over>{over})\s+(?P<between>{between}){verb}",
            rf"(?P<who>{first})\s+{between}{verb}",
            rf"(?P<who>{first})(?:'ve)?(?P<joined>(?:\s+[\w'#-]+){{1,6}})\s+(?:{joining})\s+{between}{verb}",
            rf"^\s*(?:{opening})\s+{verb}",
            any_phrase(words["phrases"]),
            rf"^\s*(?:{any_phrase(words['alone'])})[\s.!]*$",
        )
        self._forms = [re.compile(form, re.IGNORECASE) for form in forms]
        self._whole = re.compile(rf"^\s*{verb}[\s.!]*$", re.IGNORECASE)

    def claims(self, part: str, *, is_whole: bool) -> Iterator[Claim]:
        """What a part of a sentence claims, or the whole of it."""
        for form in [*self._forms, *([self._whole] if is_whole else [])]:
            for found in form.finditer(part):
                named = found.groupdict()
                verb = (named.get("verb") or "").lower()
                if self._is_said(part, found, named) and (not verb or self._is_deed(verb)):
                    yield Claim(part.strip(" ()"), self._irregular.get(verb, verb), bool(named.get("who")))

    def _is_deed(self, participle: str) -> bool:
        return participle not in self._no_verb and kind_of(participle) == "deeds"

    def _is_said(self, part: str, found: re.Match[str], named: Mapping[str, str | None]) -> bool:
        """Whether it is said as done, now, by the agent."""
        before = self._reports.split(part[: found.start()] + (named.get("joined") or ""))[-1]
        # As it is written: "may" leaves a sentence open, and "May" is a month.
        if self._open.search(before[:1].lower() + before[1:]):
            return False
        over = (named.get("over") or "").lower()
        is_record = over in ("was", "were") and bool(self._dates.search(part, found.start()))
        is_usual = over in ("is", "are") and not named["between"] and not self._is_this_one(before)
        after = part[found.end() :].strip(_CLOSING + ".!")
        is_of_itself = bool(named.get("who")) and not after and (named.get("verb") or "").lower() in self._of_itself
        return not (is_record or is_usual or is_of_itself or self._others.match(after))

    def _is_this_one(self, before: str) -> bool:
        return bool(self._this_one.search(before.lower()) or IDENTIFIER.search(before))


@cache
def _forms() -> _Forms:
    return _Forms(load_data(_WORDS))


def _word(word: str) -> str:
    """A word of a list as a pattern; one that begins with ' or is "n't" hangs on the word before it."""
    return (re.escape(word) if "'" in word[:2] else rf"(?<![\w']){re.escape(word)}") + r"(?!\w)"


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(_word, sorted(words, key=len, reverse=True))))


@lru_cache(maxsize=4096)
def kind_of(participle: str) -> Kind:
    """What a verb tells of: the list that holds it or the one nearest to it; a deed where nothing can tell."""
    words = load_data(_WORDS)
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


@cache
def _encoder() -> Any:
    from shopbot.engines.embedding import Encoder

    return Encoder()


@cache
def _known_verbs() -> tuple[list[Kind], Any]:
    """The kinds of the listed verbs, and their vectors."""
    words = load_data(_WORDS)
    listed = [(kind, verb) for kind in _KINDS for verb in words[kind]]
    return [kind for kind, _ in listed], _encoder().encode([_FRAME.format(verb=verb) for _, verb in listed])
