"""Evidence: where the value of an argument may come from, and which values come from nowhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from pydantic_core import to_jsonable_python

from shopbot.agents.consent import digest_of
from shopbot.agents.grounding import Calendar, Evidence, Observed, Passage, gather, ungrounded
from shopbot.agents.state import TurnState, is_of_user, is_refusal
from shopbot.tools.action import Action, Source
from shopbot.tools.facts import is_instance


def invented_values(action: Action, args: Mapping[str, Any], state: TurnState) -> list[str]:
    """The values of arguments that none of their sources holds, as `name = value`."""
    return [
        f"{name} = {leaf!r}"
        for name, value in args.items()
        if Source.ENGINE not in (source := action.sources[name])
        for leaf in _ungrounded(action, name, value, source, state)
    ]


def _ungrounded(action: Action, name: str, value: Any, source: Source, state: TurnState) -> list[Any]:
    """The parts of an argument's value that none of its sources holds; of a derived one, the whole unless code makes it
    of what was said, choices and flags too."""
    field = action.arguments.model_fields[name]
    if name not in action.derived:
        return list(ungrounded(value, evidence_for(source, state), field, calendar=calendar_of(state)))
    is_default = not field.is_required() and digest_of(to_jsonable_python(field.get_default())) == digest_of(value)
    return [] if is_default or _is_derived(action, name, value, state) else [value]


def _is_derived(action: Action, name: str, value: Any, state: TurnState) -> bool:
    """Whether the argument's own function makes this value of something that the customer said."""
    found = (each for words in state.said for each in action.derived[name].values(words))
    return any(digest_of(to_jsonable_python(each)) == digest_of(value) for each in found)


def calendar_of(state: TurnState) -> Calendar:
    """The calendar by which dates are read."""
    return Calendar(today=state.now.date())


def evidence_for(source: Source, state: TurnState) -> Evidence:
    """The texts in which a value of that source may be found, in their order."""
    made = [call for m in state.messages if isinstance(m, AIMessage) for call in m.tool_calls]
    calls = {call["id"]: call for call in made}
    events: list[str | Passage | Observed] = list(state.said_before) if Source.USER in source else []
    for message in state.messages:
        if Source.USER in source and is_of_user(message):
            events.append(message.text)
        elif Source.OBSERVATION in source and isinstance(message, ToolMessage) and not is_refusal(message):
            call = calls.get(message.tool_call_id)
            events.append(_observed(call, message.text, state) if call else message.text)
    if Source.FACT in source:
        events += _facts(made, state)
    return gather(events, calendar_of(state))


def _facts(made: Sequence[ToolCall], state: TurnState) -> list[Passage]:
    """The value of each fact, less what an engine wrote into the calls that may have given it."""
    written = [
        (state.actions[call["name"]].gives, str(call["args"][argument]))
        for call in made
        if call["name"] in state.actions
        for argument in _by_engine(call, state)
    ]

    def echoes(name: str) -> tuple[str, ...]:
        return tuple(text for gives, text in written if any(is_instance(name, fact) for fact in gives))

    return [
        Passage(json.dumps(value, ensure_ascii=False, default=str), echoes(name)) for name, value in state.facts.items()
    ]


def _observed(call: ToolCall, text: str, state: TurnState) -> Observed:
    return Observed(call["name"], call["args"], _by_engine(call, state), text)


def _by_engine(call: ToolCall, state: TurnState) -> list[str]:
    """The names of the call's arguments that an engine composes; all of an action that is not known."""
    action = state.actions.get(call["name"])
    sources = action.sources if action else {}
    return [name for name in call["args"] if Source.ENGINE in sources.get(name, Source.ENGINE)]
