"""What the arguments of an action can be now: the values that its sources hold, spelled as the gate reads them.

An engine that decodes under a grammar can write nothing else, so that an invented value is not refused but impossible.
Every value listed passes the gate's grounding; what the gate would accept beside (a dictated spelling, a phrase whose
words stand apart) is not listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from shopbot.agents.evidence import calendar_of, evidence_for
from shopbot.agents.grounding import is_grounded, needs_grounding
from shopbot.agents.grounding.reading import Reading, parse, read
from shopbot.agents.state import TurnState
from shopbot.engines.protocol import Candidates, texts_in
from shopbot.prompts import load_data
from shopbot.tools.action import Action, Source

MOST = 240
"""Values listed for one argument, those of the newest message first."""
LONGEST_RUN = 6
"""Words of a phrase."""
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")


def candidates_now(state: TurnState) -> dict[str, dict[str, Candidates]]:
    """Action -> argument -> its candidates, for every allowed action and every argument that has to be grounded."""
    by_source: dict[Source, Candidates] = {}
    found: dict[str, dict[str, Candidates]] = {}
    for action in state.allowed.values():
        for name in _grounded_arguments(action):
            source = action.sources[name]
            if source not in by_source:
                by_source[source] = _candidates(state, source)
            found.setdefault(action.name, {})[name] = by_source[source]
    return found


def _grounded_arguments(action: Action) -> Iterator[str]:
    for name, field in action.arguments.model_fields.items():
        if Source.ENGINE not in action.sources[name] and needs_grounding(field):
            yield name


def _candidates(state: TurnState, source: Source) -> Candidates:
    evidence, calendar = evidence_for(source, state), calendar_of(state)
    newest = state.newest_words if Source.USER in source else ""
    read_texts = [newest, *(passage.text for passage in reversed(evidence.passages) if passage.text != newest)]
    readings = [read(text, calendar) for text in read_texts]
    addresses = [address for reading in readings for address in sorted(reading.addresses)]
    codes = [code for reading in readings for code in codes_in(reading)]
    days = [day.isoformat() for reading in readings for day in sorted(reading.dates)]
    numbers = {value for reading in readings for value, _ in reading.numbers if value.denominator == 1}
    facts = [*texts_in(state.facts)] if Source.FACT in source else []
    phrases = [phrase for text in read_texts[:1] for phrase in phrases_of(text)]

    def sound(values: Iterable[str]) -> list[str]:
        return [
            value for value in list(dict.fromkeys(values))[:MOST] if is_grounded(value, evidence, calendar=calendar)
        ]

    said = readings[0]
    newly = [*said.addresses, *codes_in(said), *phrases, *(str(number) for number, _ in said.numbers)]
    return Candidates(
        newest=newly if Source.USER in source else [],
        addresses=sound(addresses),
        identifiers=sound(codes),
        dates=sound(days),
        phrases=sound([*phrases, *facts]),
        numbers=sorted(int(value) for value in numbers)[:MOST],
    )


def codes_in(reading: Reading) -> list[str]:
    """The identifiers, without those that are another one behind a label."""
    codes = sorted(reading.identifiers)
    return [code for code in codes if not any(code != other and code.endswith(other) for other in codes)]


def phrases_of(text: str) -> Iterator[str]:
    """The runs of words of `text` that begin and end with one that carries something, shorter ones first."""
    words = list(_WORD.finditer(text))
    carries = [_carries(match.group()) for match in words]
    for length in range(1, LONGEST_RUN + 1):
        for start in range(len(words) - length + 1):
            if carries[start] and carries[start + length - 1]:
                phrase = text[words[start].start() : words[start + length - 1].end()]
                if "\n" not in phrase:
                    yield phrase


def _carries(word: str) -> bool:
    return word.casefold() not in load_data("words/function.yaml") and not parse(word).covered
