"""The contract of an action: a typed function plus what it needs, gives, changes and may be told.

    @action(needs=("order",), effect="read", goal=True)
    def track_order(call: Call[Shop]) -> Observation:
        \"\"\"Say where the customer's parcel is.\"\"\"

The docstring is the description an engine reads; the parameters after `call` are the arguments it may write, and
`Annotated[str, Source.USER]` says where a value must come from. Nothing here runs or checks an action: the gate
(`shopbot.agents.gate`) does.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from shopbot.tools.arguments import read_arguments, with_typed_arguments
from shopbot.tools.call import UNKNOWN, ActionError, Call, Citation, Observation, Outcome
from shopbot.tools.contract_checks import check_arguments, check_function, check_rules, check_terms, check_tries
from shopbot.tools.question import names_in
from shopbot.tools.sources import Derived, Source

if TYPE_CHECKING:
    from langchain_core.messages import ToolMessage
    from langchain_core.tools import BaseTool

__all__ = ["UNKNOWN", "Action", "ActionError", "Call", "Citation", "Effect", "Observation", "Rule", "Source", "action"]

Effect = Literal["read", "write"]
Rule = Callable[..., "str | None"]
"""What must hold of the arguments of a call: a function (call, and by name the arguments that it looks at) that gives
None, or a sentence that says what does not hold and what would. It changes nothing."""


@dataclass(frozen=True)
class Action:
    """A function with its contract; made by the `action` decorator.

    `awaiting` is what only the user can supply for this action: the name of a value to say, or "confirmation".
    `lookup` has the signature of `run` and changes nothing: what the write with this key observed if it was done, None
    if it was not. It is asked when a write was cut short before its outcome was known. `idempotent` says that running
    it again with the same `call.key` has no second effect. `timeout` is how long a read is waited for, `tries` how
    often one that fails by surprise is run, in all. `tool` is the LangChain tool that does it, if one does.
    """

    name: str
    description: str
    run: Callable[..., Any]
    arguments: type[BaseModel]
    sources: Mapping[str, Source]
    title: str
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    effect: Effect = "read"
    confirm: str | None = None
    awaiting: str | None = None
    goal: bool = False
    repeatable: bool = False
    idempotent: bool = False
    lookup: Callable[..., Observation | None] | None = None
    lapses: timedelta | Callable[[Any], timedelta] | None = None
    rules: tuple[Rule, ...] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict)
    timeout: timedelta | None = None
    tries: int = 1
    tool: BaseTool | None = None
    read_result: Callable[[ToolMessage, Mapping[str, Any]], Observation] | None = None
    """What the tool's message comes to, for a call with these arguments."""

    def __post_init__(self) -> None:
        """What the question names has to be known when it is asked, and is part of what a yes agrees to."""
        named: list[str] = []
        with suppress(ValueError):  # a brace without its partner is told with the other mistakes
            named = [name for origin, name in names_in(self.confirm or "") if origin == "facts"]
        object.__setattr__(self, "needs", tuple(dict.fromkeys((*self.needs, *named))))

    @classmethod
    def from_tool(cls, tool: BaseTool | Callable[..., Any], **contract: Any) -> Action:
        """The action that a LangChain tool does; `contract` is as for `shopbot.tools.foreign.terms_of_tool`."""
        from shopbot.tools.foreign import terms_of_tool

        return cls(**terms_of_tool(tool, **contract))


def action(
    *,
    needs: Sequence[str] = (),
    gives: Sequence[str] = (),
    effect: Effect = "read",
    confirm: str | None = None,
    awaiting: str | None = None,
    goal: bool = False,
    repeatable: bool = False,
    idempotent: bool = False,
    lookup: Callable[..., Observation | None] | None = None,
    lapses: timedelta | Callable[[Any], timedelta] | None = None,
    timeout: timedelta | None = None,
    tries: int = 1,
    rules: Sequence[Rule] = (),
    title: str | None = None,
    asks: str | None = None,
) -> Callable[[Callable[..., Outcome | Awaitable[Outcome]]], Action]:
    """Turn a typed function, `async` or not, into an `Action`.

    Args:
        needs: facts that must hold before the action is offered to the engine. `order:{order_id}` is a fact about one
            argument (`shopbot.tools.facts`): it must hold of the very order that the call names.
        gives: facts that it can establish.
        effect: "write" when anything outside the conversation changes.
        confirm: the question that the customer must answer with a clear yes before the action runs, as a sentence
            ("Shall I book {args.slot}?") or the name of its template (`prompts/confirm/NAME.j2`); None: no question.
        awaiting: what the user is asked for when the plan comes to this action ("order_number"); an action with
            `confirm` awaits "confirmation".
        goal: whether a customer can want it for itself, so that the plan may aim at it.
        repeatable: whether a write may be done again with the same arguments on the same facts in one conversation.
        idempotent: whether running it again with the same `call.key` has no second effect.
        lookup: a function (call, **arguments) that tells without any effect whether the write with this `call.key` was
            done: its observation, or None.
        lapses: how long a silence of the customer the facts that it gives outlast, or a function of the services that
            says it; None: any.
        timeout: how long a read is waited for.
        tries: how often a read, or an idempotent write, is run when it fails by surprise, in all.
        rules: what must hold of the arguments before the customer is asked and again before the action runs.
        title: how the step reads in a plan; by default the name in words.
        asks: the older name of `awaiting`.

    Raises:
        ContractError: no docstring, no `call`, a parameter without a type, an effect that is none; a `TypeError` too.
    """

    def decorate(function: Callable[..., Outcome | Awaitable[Outcome]]) -> Action:
        # Annotations may name what is defined where the action is, inside a function too.
        scope = sys._getframe(1).f_locals
        check_terms(function.__name__, needs, gives, effect)
        check_tries(function.__name__, tries, may_repeat=effect == "read" or idempotent)
        check_rules(function.__name__, rules)
        check_function(function, Call, Observation, scope)
        read = read_arguments(function, scope)
        check_arguments(function.__name__, needs, read.model.model_fields)
        return Action(
            name=function.__name__,
            description=inspect.cleandoc(function.__doc__ or ""),
            run=with_typed_arguments(function, read.model),
            arguments=read.model,
            sources=read.sources,
            title=title or function.__name__.replace("_", " "),
            needs=tuple(needs),
            gives=tuple(gives),
            effect=effect,
            confirm=confirm,
            awaiting="confirmation" if confirm else awaiting or asks,
            goal=goal,
            repeatable=repeatable,
            idempotent=idempotent,
            lookup=with_typed_arguments(lookup, read.model) if lookup else None,
            lapses=lapses,
            derived=read.derived,
            timeout=timeout,
            tries=tries,
            rules=tuple(rules),
        )

    return decorate
