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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import timedelta
from enum import Flag, auto
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from shopbot.errors import AgentError

Services = TypeVar("Services")
Effect = Literal["read", "write"]


UNKNOWN = "outcome_unknown"
"""In the data of an observation: the write failed or was cut short, and nobody can tell what became of it."""


class ActionError(AgentError):
    """An expected failure of an action: its message is a sentence that the engine and the customer may read."""


class Source(Flag):
    """Where the value of an argument may come from; a value found in none of them is refused."""

    USER = auto()
    """The user's own words in this conversation."""
    OBSERVATION = auto()
    """The text of an earlier observation."""
    FACT = auto()
    """A fact that an action established."""
    ENGINE = auto()
    """The engine's own composition (a program, a query, a summary): not grounded, validated by the action."""
    GIVEN = USER | OBSERVATION | FACT
    """Anything but invention: the default."""
    CUSTOMER = USER
    """The older name of `USER`."""


@dataclass(frozen=True)
class Citation:
    """A passage that a statement rests on; `key` is stable, leads to the place, and has the form `document#section`.

    A reply cites it as `[key]`. The gate refuses a reply that cites a key which no observation of the conversation
    carried, or quotes what does not stand in the passage it cites.
    """

    key: str
    source: str
    text: str


@dataclass(frozen=True)
class Observation:
    """What an action returns.

    `text` is for the engine, `data` (plain JSON values) for the program and the reply templates. `facts` are
    established by it; a value of None withdraws one. `awaiting` names what the user has to say next because of it.
    `answer` is for observations that hold the answer to a question: what the customer may be told word for word.
    With it, every statement that an engine makes of its own in this turn must cite one of the `citations`; a reply
    that cannot be put right is replaced by it.
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    citations: Sequence[Citation] = ()
    awaiting: str | None = None
    ok: bool = True
    answer: str | None = None
    asks: InitVar[str | None] = None
    """The older name of `awaiting`, accepted when an observation is made."""

    def __post_init__(self, asks: str | None) -> None:
        if asks is not None:
            object.__setattr__(self, "awaiting", asks)


@dataclass(frozen=True)
class Call(Generic[Services]):
    """What the gate hands an action besides its arguments: never written by the engine.

    `key` is the idempotency key of a write (conversation, action, arguments, facts it needs); of a read it is the
    call's id. `transcript` is the conversation
    so far as (speaker, words) pairs.
    """

    services: Services
    facts: Mapping[str, Any]
    conversation: str
    key: str
    transcript: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Action:
    """A function with its contract; made by the `action` decorator.

    `awaiting` is what only the user can supply for this action: the name of a value to say, or "confirmation".
    `lookup` has the signature of `run` and changes nothing: what the write with this key observed if it was done, None
    if it was not. It is asked when a write was cut short before its outcome was known. `idempotent` says that running
    it again with the same `call.key` has no second effect.
    """

    name: str
    description: str
    run: Callable[..., Observation]
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
    title: str | None = None,
    asks: str | None = None,
) -> Callable[[Callable[..., Observation]], Action]:
    """Turn a typed function into an `Action`.

    Args:
        needs: facts that must hold before the action is offered to the engine.
        gives: facts that it can establish.
        effect: "write" when anything outside the conversation changes.
        confirm: name of the question template (`prompts/confirm/NAME.j2`) that the customer must answer with a clear
            yes before the action runs; None when no confirmation is needed.
        awaiting: what the user is asked for when the plan comes to this action ("order_number"); an action with
            `confirm` awaits "confirmation".
        goal: whether a customer can want it for itself, so that the plan may aim at it.
        repeatable: whether a write may be done again with the same arguments on the same facts in one conversation.
        idempotent: whether running it again with the same `call.key` has no second effect.
        lookup: a function (call, **arguments) that tells without any effect whether the write with this `call.key` was
            done: its observation, or None.
        lapses: how long a silence of the customer the facts that it gives outlast, or a function of the services that
            says it; None: any.
        title: how the step reads in a plan; by default the name in words.
        asks: the older name of `awaiting`.

    Raises:
        TypeError: a parameter without a type, or a function without a docstring.
    """

    def decorate(function: Callable[..., Observation]) -> Action:
        if not function.__doc__:
            raise TypeError(f"action {function.__name__!r} has no docstring; engines read it as the description")
        # Annotations may name what is defined where the action is, inside a function too.
        arguments, sources = _arguments(function, sys._getframe(1).f_locals)
        return Action(
            name=function.__name__,
            description=inspect.cleandoc(function.__doc__),
            run=function,
            arguments=arguments,
            sources=sources,
            title=title or function.__name__.replace("_", " "),
            needs=tuple(needs),
            gives=tuple(gives),
            effect=effect,
            confirm=confirm,
            awaiting="confirmation" if confirm else awaiting or asks,
            goal=goal,
            repeatable=repeatable,
            idempotent=idempotent,
            lookup=lookup,
            lapses=lapses,
        )

    return decorate


def _arguments(
    function: Callable[..., Observation], scope: Mapping[str, Any]
) -> tuple[type[BaseModel], dict[str, Source]]:
    """The argument schema (extra fields forbidden, also in the JSON schema) and each argument's allowed source."""
    hints = get_type_hints(function, localns=dict(scope), include_extras=True)
    fields: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.name not in hints:
            raise TypeError(f"action {function.__name__!r}: parameter {parameter.name!r} has no type")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
        sources[parameter.name] = _source(hints[parameter.name])
    model = create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
    return model, sources


def _source(hint: Any) -> Source:
    if get_origin(hint) is not None and hasattr(hint, "__metadata__"):
        for mark in get_args(hint)[1:]:
            if isinstance(mark, Source):
                return mark
    return Source.GIVEN
