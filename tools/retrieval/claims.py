"""Which sentences of an answer claim something, and whether each rests on a passage: by its citation and its numbers.

Questions, greetings, lead-ins, offers of help and the admission that the documents do not say claim nothing; the
phrases that mark them are data (`prompts/answers/no_claims.yaml`). The judgement is one of form: a sentence that
cites a passage and has no number of its own is not compared with what the passage means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from functools import cached_property, lru_cache

from shopbot.prompts import load_data
from shopbot.prompts.phrases import any_phrase
from shopbot.tools.retrieval.answers import (
    QUOTE,
    Cited,
    Fault,
    citations_in,
    false_quotes,
    fault,
    shortened,
    unknown_citations,
)
from shopbot.tools.retrieval.keywords import stems
from shopbot.tools.retrieval.sentences import sentences

_STATEMENT_WORDS = 4
_RESTS = 0.6
"""Share of a sentence's words that must stand in another observation for it to rest on that one."""
_MARKUP = re.compile(r"^[\s>#*_-]+|^\s*\d+[.)](?:\s+|$)|[*_`]+", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,:]\d+)*")
_CLAUSE = re.compile(r";|[,.–—-]\s*(?:but|however|though|although)\b|\bbut\b", re.IGNORECASE)
_CLOSING = "\"”’')]"


def check_answer(
    answer: str,
    passages: Mapping[str, str],
    *,
    every_statement: bool = True,
    said: Sequence[str] = (),
    observed: Sequence[str] = (),
) -> list[Fault]:
    """What is wrong with `answer`; nothing when it may be sent.

    Args:
        passages: the retrieved passages, key -> text.
        every_statement: whether each sentence that claims something must cite, and its numbers stand in what it cites.
        said: what the customer said: its numbers and words may be repeated.
        observed: what else is known, from other observations: a sentence in its words needs no citation.
    """
    faults = unknown_citations(answer, passages)
    if every_statement or citations_in(answer, passages):
        faults += false_quotes(answer, passages, [*said, *observed])
    return faults + (unsupported_statements(answer, passages, said, observed) if every_statement else [])


def unsupported_statements(
    answer: str, passages: Mapping[str, str], said: Sequence[str] = (), observed: Sequence[str] = ()
) -> list[Fault]:
    """Sentences that claim something and cite nothing, or have a number that stands in nothing they cite."""
    text = _citations_first(answer, citations_in(answer, passages))
    beside = _Beside(said, observed)
    cites, verdicts, faults = False, [], []
    for span in sentences(text):
        sentence = text[span.start : span.end]
        cited = citations_in(sentence, passages)
        keys = [key for one in cited for key in one.keys]
        bare = _bare(sentence, cited)
        cites = cites or bool(keys)
        # What stands in quotation marks is compared as a quote.
        own = beside.unexplained(_numbers(QUOTE.sub("", bare)), _numbers(" ".join(passages.get(k, "") for k in keys)))
        if keys and own and all(key in passages for key in keys):
            faults.append(fault("number", bare, said=shortened(bare), number=min(own), keys=keys))
        elif not keys and (own or (_claims(bare) and not beside.holds(bare))):
            if own or len(bare.split()) >= _STATEMENT_WORDS:
                faults.append(fault("uncited", bare, said=shortened(bare)))
            else:
                verdicts.append(bare)
    # "Yes." needs no key of its own beside a sentence that has one.
    if verdicts and not cites and not faults:
        faults.append(fault("verdict", verdicts[0], said=shortened(verdicts[0])))
    return faults


class _Beside:
    """What an answer may draw on besides the passages."""

    def __init__(self, said: Sequence[str], observed: Sequence[str]) -> None:
        self._said = _numbers(" ".join(said))
        self._observed = _numbers(" ".join(observed)) | _cents_in_units(observed)
        self._texts = observed

    def unexplained(self, numbers: Set[str], cited: Set[str]) -> Set[str]:
        """The numbers of a sentence that stand nowhere.

        The customer's own numbers may stand beside one of the passage, but not in its place: "is it 90 days?" does
        not make "it is 90 days" true.
        """
        left = numbers - cited - self._observed
        return left if cited and not numbers & cited else left - self._said

    @cached_property
    def _stems(self) -> list[frozenset[str]]:
        return [stems(text) for text in self._texts]

    def holds(self, sentence: str) -> bool:
        """Whether a sentence is in the words of another observation."""
        # Numbers are compared for themselves: 5990 cents are $59.90.
        wanted = {stem for stem in stems(sentence) if not stem.isdigit()}
        return bool(wanted) and any(len(wanted & found) >= _RESTS * len(wanted) for found in self._stems)


def _citations_first(answer: str, cited: Sequence[Cited]) -> str:
    """The answer with each citation before the full stop it follows: it belongs to the sentence before it."""
    text = answer
    for one in reversed(cited):
        before = text[: one.start].rstrip()
        stop = before.rstrip(_CLOSING)
        if stop.endswith((".", "!", "?")) and "\n\n" not in text[len(before) : one.start]:
            end = len(stop) - 1
            text = f"{stop[:end]} {text[one.start : one.end]}{before[end:]} {text[one.end :].lstrip(' ')}"
    return text


def _bare(sentence: str, cited: Sequence[Cited]) -> str:
    """The words of a sentence, without its citations and without Markdown."""
    for one in reversed(cited):
        sentence = f"{sentence[: one.start].rstrip()}{sentence[one.end :]}"
    return " ".join(_MARKUP.sub("", sentence).split())


def _claims(sentence: str) -> bool:
    """Whether any part of a sentence claims something."""
    if sentence.rstrip(_CLOSING).endswith(("?", ":")):
        return False
    lower = sentence.casefold().replace("’", "'")
    return any(_clause_claims(clause) for clause in _CLAUSE.split(lower))


def _clause_claims(clause: str) -> bool:
    courtesy, begins, admits = _phrases()
    rest = clause.strip(" ,.!;:–—-" + _CLOSING)
    while (opened := courtesy.match(rest)) and opened.end():
        rest = rest[opened.end() :].strip(" ,.!;:–—-")
    return bool(rest) and not begins.match(rest) and not admits.search(rest)


def _numbers(text: str) -> frozenset[str]:
    """The numbers of a text, each in one spelling: 12.50 is 12.5, 1,299 is 1299, twenty-four is 24; 0 says nothing."""
    found = set()
    for number in _NUMBER.findall(text):
        plain = number.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number) else number
        plain = re.sub(r":00$", "", plain).lstrip("0")
        found.add(plain.rstrip("0").rstrip(".") if "." in plain else plain)
    words, spelled = _number_words()
    for tens_and_units in spelled.findall(text.casefold()):
        found.add(str(sum(words[word] for word in tens_and_units.replace("-", " ").split())))
    return frozenset(found - {""})


def _cents_in_units(texts: Sequence[str]) -> frozenset[str]:
    """5990 -> 59.9: observations may give an amount in cents."""
    whole = [int(number) for number in _numbers(" ".join(texts)) if number.isdigit() and len(number) >= 3]
    return frozenset(f"{cents / 100:.2f}".rstrip("0").rstrip(".") for cents in whole)


@lru_cache(maxsize=1)
def _number_words() -> tuple[dict[str, int], re.Pattern[str]]:
    """The words that can only be meant as a number, not "one" or "a pair", and how they are found in a text."""
    known = load_data("words/numbers.yaml")
    listed = {**known["digits"], **known["teens"], **known["tens"]}
    words = {str(word): int(value) for word, value in listed.items() if value > 1}
    tens = "|".join(word for word, value in words.items() if 20 <= value <= 90)
    units = "|".join(word for word, value in words.items() if value <= 9)
    return words, re.compile(rf"\b(?:(?:{tens})[ -](?:{units})|{'|'.join(words)})\b")


@lru_cache(maxsize=1)
def _phrases() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What may open any sentence; what opens one that claims nothing; what admits that there is no answer."""
    phrases = load_data("answers/no_claims.yaml")
    offers = [f"{who} {what}" for who in phrases["offers"]["who"] for what in phrases["offers"]["what"]]
    courtesy, begins, admits = map(any_phrase, (phrases["courtesy"], [*phrases["begins"], *offers], phrases["admits"]))
    return re.compile(courtesy), re.compile(begins), re.compile(admits)
