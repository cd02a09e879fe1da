"""Contracts with one mistake each, and the sentence that a person reads about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.tools import tool

from shopbot.tools import Action, Call, Observation, action


def made(name: str, **contract: Any) -> Action:
    """An action of that name which does nothing."""

    def run(call: Call[Any], slot: str = "") -> Observation:
        """Do it."""
        return Observation("done")

    run.__name__ = name
    return action(**contract)(run)


def book(slot: str) -> Observation:
    """Book."""
    return Observation(slot)


def count(call: Call[Any]) -> int:
    """Count."""
    return 1


def silent(call: Call[Any]) -> Observation:
    return Observation("")


def untyped(call: Call[Any], slot) -> Observation:  # type: ignore[no-untyped-def]
    """Book."""
    return Observation(slot)


@tool
def cancel(number: str) -> str:
    """Cancel a booking."""
    return number


IN_ONE: dict[str, tuple[Callable[[], Any], str]] = {
    "needs is a text": (
        lambda: made("book", needs="patient"),
        "The action 'book' has needs='patient', a text: list it, needs=('patient',).",
    ),
    "gives is a text": (
        lambda: made("book", gives="visit"),
        "The action 'book' has gives='visit', a text: list it, gives=('visit',).",
    ),
    "an effect that is none": (
        lambda: made("book", effect="delete"),
        "The action 'book' has effect='delete': it is either 'read' or 'write'.",
    ),
    "the call is forgotten": (
        lambda: action()(book),
        "The action 'book' does not take the call (its first parameter is 'slot'): begin with `call: Call[Any]`.",
    ),
    "a return type that says nothing": (
        lambda: action()(count),  # type: ignore[arg-type]
        "The action 'count' returns int: return an Observation, or its text.",
    ),
    "no docstring": (
        lambda: action()(silent),
        "action 'silent' has no docstring; engines read it as the description",
    ),
    "a parameter without a type": (
        lambda: action()(untyped),
        "action 'untyped': parameter 'slot' has no type",
    ),
    "a write tried again": (
        lambda: made("book", effect="write", tries=3),
        "The action 'book' writes and has tries=3: a write that failed may have been done. Say idempotent=True if "
        "doing it twice with the same call.key has no second effect.",
    ),
    "a tool's argument that is none": (
        lambda: Action.from_tool(cancel, sources={"nummer": None}),
        "The tool 'cancel' has no argument 'nummer': it has number.",
    ),
    "an action made of an action": (
        lambda: Action.from_tool(made("book")),  # type: ignore[arg-type]
        "'book' is an action already: give it as it is.",
    ),
}

TOGETHER: dict[str, tuple[Callable[[], Sequence[Any]], str]] = {
    "a need that nobody gives": (
        lambda: [made("book", needs=("patient",), goal=True)],
        "The action 'book' needs 'patient', which no action gives, so the goal 'book' cannot be reached: add 'patient' "
        "to the gives of the action that establishes it, or to given= if the state brings it.",
    ),
    "a need that is misspelt": (
        lambda: [made("find", gives=("patient",)), made("book", needs=("pateint",))],
        "The action 'book' needs 'pateint', which no action gives: did you mean 'patient'? Else add 'pateint' to the "
        "gives of the action that establishes it, or to given= if the state brings it.",
    ),
    "needs in a circle": (
        lambda: [made("ask", needs=("offer",), gives=("slot",)), made("offer", needs=("slot",), gives=("offer",))],
        "The actions ask -> offer -> ask each need what only the next one gives: let one of them begin without it, or "
        "name the fact in given= if the state brings it.",
    ),
    "a goal that cannot be reached": (
        lambda: [
            made("ask", needs=("ready",), gives=("ready",)),
            made("book", needs=("ready",), goal=True),
        ],
        "The actions ask -> ask each need what only the next one gives, so the goal 'book' cannot be reached: let one "
        "of them begin without it, or name the fact in given= if the state brings it.",
    ),
    "a tool without a contract": (
        lambda: [cancel],
        "'cancel' is a StructuredTool and has no contract: make an action of it with Action.from_tool(...).",
    ),
    "a name instead of an action": (
        lambda: ["book"],
        "'book' is a text where an action belongs: give the action itself.",
    ),
    "a function without a contract": (
        lambda: [book],
        "'book' is a function and has no contract: make an action of it with the decorator @action(...).",
    ),
    "a question about an argument that is none": (
        lambda: [made("book", confirm="Shall I book {args.slott}?")],
        "The question of 'book' refers to 'args.slott': the args are slot.",
    ),
    "a question about a fact that nobody gives": (
        lambda: [made("book", gives=("visit",), confirm="Shall I book {facts.patient} in?")],
        "The question of 'book' refers to 'facts.patient': the facts are visit.",
    ),
    "a question about something else": (
        lambda: [made("book", confirm="Shall I book {slot}?")],
        "The question of 'book' refers to 'slot': there are args, facts, as in args.slot.",
    ),
    "a question with half a brace": (
        lambda: [made("book", confirm="Shall I book {args.slot?")],
        "The question of 'book' cannot be read (expected '}' before end of string): write {args.name}.",
    ),
    "a template that is nowhere": (
        lambda: [made("book", confirm="no_such_question")],
        "the action 'book' asks the customer with confirm/no_such_question.j2, which is in no prompts folder: write it "
        "and name its folder with prompts.add_prompts",
    ),
}
