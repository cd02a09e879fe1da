"""Which action comes next, with which arguments: first what the customer's message calls for, then what the plan does.

Arguments are read by one small function for each way of reading (`READINGS`). Every value comes from the message; what
is not there is not made up (None: no proposal).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from shopbot.engines.protocol import Briefing, TurnStart
from shopbot.engines.shopbot.arithmetic import sum_of
from shopbot.engines.shopbot.corrections import standing
from shopbot.engines.shopbot.item_requests import item_requests
from shopbot.engines.shopbot.reader import Reading, Span
from shopbot.engines.shopbot.understanding import leans, questions_in
from shopbot.engines.spoken.addresses import normalise_email
from shopbot.engines.spoken.numerals import number_in, order_number_in
from shopbot.prompts import load_data

Arguments = dict[str, Any]
_ZIP = re.compile(
    r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ALN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|"
    r"W[AIVY]),?\s+(\d{5}(?:-\d{4})?)\b"
)
"""A ZIP code after the abbreviation of its state: an address, never the number of an order."""
_ONLY_ASKS = {"ask_policy", "out_of_scope", "greet", "thanks", "bye", "complain"}
_QUESTIONS = 3
"""How many questions of one message are looked up, each by itself."""
_TURNS_DOWN = ("decline", "cancel", "hand_over")
"""Acts after which a question that commits the customer is not put again in the same breath."""


@dataclass(frozen=True)
class Proposal:
    """An action with arguments; `called_for` tells the message's wish from the plan's own next step."""

    action: str
    args: dict[str, Any] = field(default_factory=dict)
    called_for: bool = True


def next_proposal(
    reading: Reading,
    turn: Sequence[BaseMessage],
    briefing: Briefing,
    offered: Mapping[str, tuple[str, ...]],
    question: str | None = None,
) -> Proposal | None:
    """The first proposal that is allowed now and not made yet in this turn; None when it is time to answer.

    `question` is the message as it can be understood without the conversation, when it cannot be by itself.
    """
    made = _made(turn)
    for proposal in _called_for(reading, turn[0].text, briefing, question or turn[0].text):
        if proposal.action in offered and not _is_made(proposal, made):
            return proposal
    step = _planned(briefing, offered)
    if step is None or _is_settled(step.action, made, briefing) or _is_over(turn):
        return None
    turned_down = any(reading.performs(act) for act in _TURNS_DOWN)
    return None if step.action in briefing["confirm"] and turned_down and not _has_new_offer(made) else step


def _called_for(reading: Reading, message: str, briefing: Briefing, question: str) -> Iterator[Proposal]:
    for entry in load_data("planner/acts.yaml"):
        if not _applies(entry, reading, briefing) or (entry.get("whole") and leans(message)):
            continue
        for words in _asked(question, reading) if entry.get("from") == "question" else [message]:
            args = READINGS[entry["from"]](words, reading) if "from" in entry else entry.get("args", {})
            if args is not None and not _under_way(args, briefing["turn_start"]):
                yield Proposal(entry["action"], dict(args))


def _asked(question: str, reading: Reading) -> list[str]:
    """What is looked up: each question by itself, unless one of them may be for another action."""
    return questions_in(question)[:_QUESTIONS] if reading.performed <= _ONLY_ASKS else [question]


def _applies(entry: Mapping[str, Any], reading: Reading, briefing: Briefing) -> bool:
    if any(reading.performs(act) for act in entry.get("unless", ())):
        return False
    if entry.get("awaiting") not in (None, briefing["turn_start"]["awaiting"]):
        return False
    return reading.performs(entry["act"]) and not (entry.get("aimless") and briefing["turn_start"]["goal"])


def _under_way(args: Mapping[str, Any], turn_start: TurnStart) -> bool:
    """Whether this goal is pursued already and the customer was asked for something on the way to it."""
    return "goal" in args and args["goal"] == turn_start["goal"] and turn_start["awaiting"] is not None


def _planned(briefing: Briefing, offered: Mapping[str, tuple[str, ...]]) -> Proposal | None:
    """The plan's next step, when it needs nothing that only the customer can say."""
    action = briefing["next"]
    if action is None or action not in offered:
        return None
    args = load_data("planner/steps.yaml").get(action, {})
    if briefing["awaiting"] not in (None, "confirmation") or not set(offered[action]) <= set(args):
        return None
    return Proposal(action, dict(args), called_for=False)


def _made(turn: Sequence[BaseMessage]) -> list[tuple[str, dict[str, Any]]]:
    calls = [call for message in turn if isinstance(message, AIMessage) for call in message.tool_calls]
    return [(call["name"], call["args"]) for call in calls]


def _is_made(proposal: Proposal, made: Sequence[tuple[str, dict[str, Any]]]) -> bool:
    return any(name == proposal.action and args == proposal.args for name, args in made)


def _is_settled(action: str, made: Sequence[tuple[str, dict[str, Any]]], briefing: Briefing) -> bool:
    """Whether the step was taken in this turn; one that has to be confirmed is put again when others followed it."""
    names = [name for name, _ in made]
    return action in names and not (action in briefing["confirm"] and names[-1] != action)


def _has_new_offer(made: Sequence[tuple[str, dict[str, Any]]]) -> bool:
    """Whether this turn has changed what the question is about: "no, leave out the jeans" asks for a new one."""
    return any(name == "choose_items" for name, _ in made)


def _is_over(turn: Sequence[BaseMessage]) -> bool:
    """Whether an observation of this turn has asked the customer for something: then it is their turn."""
    return any(isinstance(m, ToolMessage) and m.artifact and m.artifact.get("awaiting") for m in turn)


def order_number(message: str, reading: Reading) -> Arguments | None:
    """The order number; of several, the one the customer stands by, then the one that the reader is surest of."""
    zips = [found.span(1) for found in _ZIP.finditer(message)]
    numbers = [s for s in _spans(reading, "ORDER") if not any(a <= s.start < b for a, b in zips)]
    span = _stood_by(message, numbers)
    number = order_number_in(span.text) if span else None
    return {"order_number": number} if number else None


def email(message: str, reading: Reading) -> Arguments | None:
    """The e-mail address, dictated or typed."""
    span = _stood_by(message, _spans(reading, "EMAIL"))
    address = normalise_email(span.text) if span else None
    return {"email": address} if address else None


def items(message: str, reading: Reading) -> Arguments | None:
    """The items named, each with its quantity and whether it is to be left out; "only one of them" names none."""
    named = item_requests(message, reading) or _mere_quantity(reading)
    return {"items": named, "add": reading.performs("add_items")} if named else None


def everything(message: str, reading: Reading) -> Arguments | None:
    """The whole order, but for items that are expressly left out; "all the mugs" is not the whole order."""
    named = item_requests(message, reading)
    if named and all(request.get("every") for request in named):
        return items(message, reading)
    return {"everything": True, "items": [request for request in named if request["leave_out"]]}


def expression(message: str, reading: Reading) -> Arguments | None:
    """The sum that is asked for, when every number of the message is used in it."""
    span = _surest(reading, "EXPR")
    found = sum_of(message, span.text if span else None)
    return {"expression": found} if found else None


def question(message: str, reading: Reading) -> Arguments | None:
    """The customer's own words."""
    return {"question": message}


def reason(message: str, reading: Reading) -> Arguments | None:
    """The customer's own words, as the reason for a hand-over."""
    return {"reason": message[:500]}


READINGS: dict[str, Callable[[str, Reading], Arguments | None]] = {
    function.__name__: function for function in (order_number, email, items, everything, expression, question, reason)
}


def _mere_quantity(reading: Reading) -> list[Arguments]:
    """A quantity of what was spoken of before; its own words stand for the item."""
    span = _surest(reading, "QTY")
    quantity = number_in(span.text) if span else None
    return [{"words": span.text, "quantity": quantity, "leave_out": False}] if span and quantity else []


def _stood_by(message: str, spans: list[Span]) -> Span | None:
    return max(standing(message, spans, of_one=True), key=lambda span: span.score, default=None)


def _spans(reading: Reading, kind: str) -> list[Span]:
    return [span for span in reading.spans if span.kind == kind]


def _surest(reading: Reading, kind: str) -> Span | None:
    return max(_spans(reading, kind), key=lambda span: span.score, default=None)
