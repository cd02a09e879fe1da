"""Approval: a person decides on chosen actions, after everything that code can check has been checked.

The run stops at a LangGraph interrupt that shows the action and its validated arguments; it goes on with
`Command(resume=...)`:

    {"type": "approve"}
    {"type": "edit", "args": {...}}         the new arguments are validated like any others
    {"type": "reject", "message": "..."}    the action does not run; the engine is told why
    {"type": "answer", "message": "..."}    the action does not run; the answer stands in for its observation

Anything else is no decision: the run stops again at an interrupt that says under `error` why.

Nothing has been done before the interrupt, so nothing is done twice when it is resumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from langchain_core.messages import ToolCall
from langgraph.types import interrupt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shopbot.agents.proposal import Approved
from shopbot.agents.wording import says
from shopbot.tools.action import Observation


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Approve(_Decision):
    """Let the action run as it is."""

    type: Literal["approve"]


class Edit(_Decision):
    """Let the action run with other arguments; `name` may only repeat the action's own."""

    type: Literal["edit"]
    args: dict[str, Any]
    name: str | None = None


class Reject(_Decision):
    """Do not let the action run."""

    type: Literal["reject"]
    message: str = "no reason given"


class Answer(_Decision):
    """Do not let the action run; `message` is what the engine observes instead."""

    type: Literal["answer"]
    message: str


Decision = Approve | Edit | Reject | Answer
_DECISION: TypeAdapter[Decision] = TypeAdapter(Annotated[Decision, Field(discriminator="type")])


def decide(approved: Approved, facts: Mapping[str, Any]) -> Decision:
    """Ask a person, by interrupting the run until it is resumed with a decision."""
    asked = {"action": approved.action.name, "args": dict(approved.args), "facts": dict(facts)}
    while True:
        given = interrupt(asked)
        try:
            return _DECISION.validate_python(given)
        except ValidationError:
            asked = {**asked, "error": str(says("no_decision")).format(given=repr(given)[:200])}


def edited_call(approved: Approved, decision: Edit) -> ToolCall:
    """The call as the reviewer wants it, to be validated again; the name given is kept so that renaming is caught."""
    return ToolCall(
        name=decision.name or approved.action.name, args=decision.args, id=approved.call["id"], type="tool_call"
    )


def stand_in(decision: Reject | Answer) -> Observation:
    """The observation of an action that a person did not let run."""
    if isinstance(decision, Answer):
        return Observation(decision.message)
    return Observation(f"A person declined this: {decision.message}", data={"error": decision.message}, ok=False)
