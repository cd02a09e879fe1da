"""Why a completion cannot be read, as one sentence that goes back to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopbot.prompts import load_data

_NEAR = 60
"""Characters of the text in doubt that a complaint quotes."""


class Unreadable(Exception):
    """Something cannot be read without a guess; `reason` is a key of `prompts/engines/react_complaints.yaml`."""

    def __init__(self, reason: str, near: str = "", **values: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = {"near": near[:_NEAR], **values}

    @property
    def sentence(self) -> str:
        """What the model is told."""
        wording: str = load_data("engines/react_complaints.yaml")[self.reason]
        return wording.format(**{"fields": "", "field": "", **self.values})


def fields_of(schema: Mapping[str, Any]) -> str:
    """The fields that an action takes, in words: "order_number, amount"; "no field" when it takes none."""
    return ", ".join(schema.get("required") or schema.get("properties") or ()) or "no field"
