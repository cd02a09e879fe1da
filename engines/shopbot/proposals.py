"""Which action comes next: first what the customer's message calls for, then the plan's own next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from shopbot.engines.protocol import Briefing, TurnStart
from shopbot.engines.shopbot.arguments import READINGS
from shopbot.engines.shopbot.reader import Reading
from shopbot.prompts import load_data

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
        if not _applies(entry, reading, briefing):
            continue
        words = question if entry.get("from") == "question" else message
        args = READINGS[entry["from"]](words, reading) if "from" in entry else entry.get("args", {})
        if args is not None and not _under_way(args, briefing["turn_start"]):
            yield Proposal(entry["action"], dict(args))


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
