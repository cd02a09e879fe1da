"""Support: whether a claim is among what was done.

A claim is supported by a deed of the kind that it names, done to the thing that it names; a claim that nobody in
particular did something, also by a status that was read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from shopbot.agents.claims import IDENTIFIER, WORDS, Claim, likeness_of
from shopbot.engines.protocol import texts_in
from shopbot.prompts import load_data
from shopbot.tools.retrieval.keywords import stems

_NAMED = 0.6
"""Of the weight of an action's own words, so much in a claim names it."""
_LONG = 5
"""Letters that words of one family have in common at least."""
_SHORT = 3
"""Words that a value has at most that tells of a state."""
_BRIEF = 6
"""Words that an argument has at most that tells what was done: a longer one is the engine's own prose."""
_CLEARLY = 0.2
"""By how much more a verb must be like that of another action's name."""
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_PARTICIPLE = re.compile(r"\b[^\W_]+ed\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_MONEY = re.compile(rf"[$€£]\s?({_NUMBER.pattern})|({_NUMBER.pattern})(?=\s?(?:[€£]|dollars?\b|euros?\b|pounds?\b))")
_ARGUMENT = re.compile(rf":\s(?:\"[$€£])?{_NUMBER.pattern}\"?[,}}]")
"""An argument that is a number, in a call's as text."""
_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*|\d+")


@dataclass(frozen=True)
class Deed:
    """An action that ran and did not fail: its arguments and what it observed, as text. Facts are of no action."""

    action: str
    args: str
    observed: str


def unsupported(
    claims: Iterable[Claim], names: Iterable[str], writes: Iterable[str], deeds: Sequence[Deed], *, asked: str = ""
) -> list[Claim]:
    """The claims that nothing done supports.

    Args:
        claims: what is said to have been done.
        names: of the agent's actions.
        writes: of those that write.
        deeds: all that was done in the conversation, reads too.
        asked: what the customer said last.
    """
    known = _Known(frozenset(names), frozenset(writes), deeds, asked)
    found = [(claim, known.supports(claim)) for claim in claims]
    is_told = any(holds for _, holds in found)
    return [claim for claim, holds in found if not (holds or (is_told and known.follows(claim)))]


@dataclass(frozen=True)
class _Known:
    names: frozenset[str]
    writes: frozenset[str]
    deeds: Sequence[Deed]
    asked: str = ""

    def supports(self, claim: Claim) -> bool:
        """Whether a deed of the kind that is claimed was done to all that is named, or was seen to be done."""
        return self._covered(claim, self._meant(claim)) or self._is_seen(claim) or self._is_what_was_asked(claim)

    def follows(self, claim: Claim) -> bool:
        """Whether it may follow from a deed that is told beside it, and whose own words do not say so: a payment."""
        is_payment = claim.stems & _stems_of("payments")
        return (
            not claim.first_person
            and bool(is_payment or not self._named(claim))
            and self._covered(claim, self._written())
        )

    def _covered(self, claim: Claim, deeds: Sequence[Deed]) -> bool:
        return _cover(claim, deeds, self._written(), self.deeds)

    def _written(self) -> list[Deed]:
        return [deed for deed in self.deeds if deed.action in self.writes]

    def _meant(self, claim: Claim) -> list[Deed]:
        """The deeds that a claim may mean: of the actions whose names' words it has, or else those that tell of it."""
        named, reads = self._named(claim), self._reads_of(claim)
        may = [
            deed
            for deed in self._written()
            if deed.action in named or (not named and _tells_of(claim, deed) and not self._is_another(claim, deed))
        ]
        return may + [deed for deed in self.deeds if deed.action in reads]

    def _named(self, claim: Claim) -> set[str]:
        """The writes whose names' words a claim has."""
        words, weights = claim.stems, _weights(self.names)
        scores = {name: sum(w for stem, w in weights[name].items() if _has(words, stem)) for name in self.writes}
        most = max(scores.values(), default=0.0)
        return {name for name in self.writes if most >= _NAMED and scores[name] > most / 2}

    def _is_another(self, claim: Claim, deed: Deed) -> bool:
        """Whether what is claimed is clearly more like what another action does: a cancelled trip is not upgraded."""
        if not stems(claim.verb) - _stems_of("general") - _stems_of("payments"):
            return False
        likeness = {name: likeness_of(claim.verb, _WORD.findall(name)[0]) for name in self.writes}
        return max(likeness.values()) - likeness[deed.action] > _CLEARLY

    def _is_what_was_asked(self, claim: Claim) -> bool:
        """Whether a bare "Done." follows on a read that was all there was to do: the only one that an agent without
        writes can mean, or one that the customer asked for by its verb, other than to look something up."""
        done = {deed.action for deed in self.deeds if deed.action} - self.writes
        if claim.stems - _stems_of("general"):
            return False
        asked = Claim(self.asked)
        if self.writes and self._named(asked):
            return False
        looking = _stems_of("telling") | _stems_of("states")
        return any(not self.writes or stems(_WORD.findall(name)[0]) & asked.stems - looking for name in done)

    def _reads_of(self, claim: Claim) -> set[str]:
        """The reads whose verb, their name's first word, is claimed, where no write is named by that word."""
        verb = stems(claim.verb)
        if any(verb & stems(" ".join(_WORD.findall(name))) for name in self.writes):
            return set()
        return {name for name in self.names - self.writes if verb & stems("".join(_WORD.findall(name)[:1]))}

    def _is_seen(self, claim: Claim) -> bool:
        """Whether a read has observed what is claimed: a status says it. That the agent did it, it does not say."""
        states = frozenset() if claim.first_person else stems(claim.verb) if claim.verb else _states_told(claim)
        seen = (deed for deed in self.deeds if deed.action not in self.writes)
        return any(states & _states_in(deed.observed) and _cover(claim, [deed], [deed], ()) for deed in seen)


@cache
def _weights(names: frozenset[str]) -> dict[str, dict[str, float]]:
    """The stems of each name; a stem weighs the less the more names have it."""
    of = {name: stems(" ".join(_WORD.findall(name))) for name in names}
    count = Counter(stem for found in of.values() for stem in found)
    return {name: {stem: 1 / count[stem] for stem in found} for name, found in of.items()}


def _has(words: Iterable[str], stem: str) -> bool:
    """Whether a stem is among words; those of "modify" and "modification" are one."""
    return any(stem == word or (min(len(stem), len(word)) >= _LONG and stem[:_LONG] == word[:_LONG]) for word in words)


def _tells_of(claim: Claim, deed: Deed) -> bool:
    """Whether a deed's own words, its values too, tell of what is claimed.

    A claim that names nothing in particular, "All done", is told of by every deed.
    """
    words = claim.stems - _stems_of("general")
    given = _TEXT.sub(lambda text: text[0] if len(text[0].split()) <= _BRIEF else "", deed.args)
    own = stems(f"{' '.join(_WORD.findall(deed.action))} {given} {deed.observed}".replace("_", " "))
    return not words or any(_has(own, stem) for stem in words | stems(claim.verb))


@cache
def _stems_of(words: str) -> frozenset[str]:
    return stems(" ".join(load_data(WORDS)[words]))


def _cover(claim: Claim, deeds: Sequence[Deed], written: Sequence[Deed], all_deeds: Sequence[Deed]) -> bool:
    """Whether deeds were done to what the claim names: each identifier of a form that they have, and each amount.

    One identifier is that of one of `deeds`, and all are of what was `written`. Amounts are looked at where the deeds
    were given any: one may be of what was read before.
    """
    if not deeds:
        return False
    text, of_all = _text(deeds), _bare(_text(written) + _text(deeds))
    forms = {_form(each) for each in _identifiers(text)}
    wanted = [each for each in _identifiers(claim.text) if _form(each) in forms]
    are_known = not wanted or (any(each in _bare(text) for each in wanted) and all(each in of_all for each in wanted))
    are_known = are_known and all(_is_beside(each, _identifiers(text), all_deeds) for each in _identifiers(claim.text))
    amounts = _amounts(claim.text)
    if not are_known or not amounts or not any(_ARGUMENT.search(deed.args) for deed in deeds):
        return are_known
    return amounts <= {_number(each) for each in _NUMBER.findall(_text((*deeds, *all_deeds)))}


def _is_beside(named: str, of_deeds: frozenset[str], all_deeds: Sequence[Deed]) -> bool:
    """Whether a thing of another form than what the deeds were done to was observed together with one of those: an
    order with its item. Where it was observed nowhere, or the deeds name nothing, nothing can be said."""
    if not of_deeds or _form(named) in set(map(_form, of_deeds)):
        return True
    texts = [_bare(_text([deed])) for deed in all_deeds]
    holding = [text for text in texts if named in text]
    return not holding or any(each in text for text in holding for each in of_deeds)


def _text(deeds: Iterable[Deed]) -> str:
    return " ".join(f"{deed.args} {deed.observed}" for deed in deeds)


def _amounts(text: str) -> set[float]:
    """The amounts of money in a text."""
    return {_number(before or after) for before, after in _MONEY.findall(text)}


def _number(digits: str) -> float:
    return float(digits.replace(",", ""))


def _identifiers(text: str) -> frozenset[str]:
    """Order numbers, item ids and the like, without marks."""
    return frozenset(_bare(found) for found in IDENTIFIER.findall(text))


def _form(identifier: str) -> tuple[str, int]:
    """What identifiers of one kind share: the letters in front, where only digits follow, and the length."""
    front = identifier.rstrip("0123456789")
    return (front if front.isalpha() or not front else "", len(identifier))


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _states_told(claim: Claim) -> frozenset[str]:
    """The stems of the states in which what a claim without a verb tells of is so."""
    told = claim.text.lower()
    is_under_way = any(phrase in told for phrase in load_data(WORDS)["on_the_way"])
    return _stems_of("moving") if is_under_way and not claim.stems & _stems_of("payments") else frozenset()


def _states_in(observed: str) -> frozenset[str]:
    """The stems of the participles among the short values of an observation: a policy's prose is no state."""
    try:
        read = json.loads(observed)
    except ValueError:
        return frozenset()
    short = (text for text in texts_in(read) if len(text.split()) <= _SHORT)
    return stems(" ".join(word for text in short for word in _PARTICIPLE.findall(text)))
