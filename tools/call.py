"""What an action is handed and what it returns: the call, and the observation with its citations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any, Generic, TypeVar

from shopbot.errors import AgentError

Services = TypeVar("Services")

UNKNOWN = "outcome_unknown"
"""In the data of an observation: the write failed or was cut short, and nobody can tell what became of it."""


class ActionError(AgentError):
    """An expected failure of an action: its message is a sentence that the engine and the customer may read."""


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


Outcome = Observation | str | None
"""What an action may return; a text is an observation that says no more."""


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
