"""A structured result: an action that every engine can call to give its answer in the schema that was asked for."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from shopbot.tools.action import Action, Call, Observation, Source

RESULT = "give_result"


def make_result_action(schema: type[BaseModel]) -> Action:
    """The action whose arguments are `schema`, extra fields forbidden; calling it ends the turn."""
    strict = type(schema.__name__, (schema,), {"model_config": ConfigDict(extra="forbid"), "__doc__": schema.__doc__})
    return Action(
        name=RESULT,
        description=schema.__doc__ or "Give the final result.",
        run=_never,
        arguments=strict,
        sources=dict.fromkeys(schema.model_fields, Source.ENGINE),
        title="give the result",
    )


def _never(call: Call[Any], **_: Any) -> Observation:
    raise RuntimeError("a result is not carried out")
