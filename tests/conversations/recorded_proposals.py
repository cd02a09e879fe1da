"""What the embedded engine proposes in a conversation, recorded so that another transport can carry the very same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.messages import AIMessage

Proposals = tuple[AIMessage, ...]


@contextmanager
def recording(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[AIMessage]]:
    """Everything that embedded engines answer meanwhile, in order."""
    from shopbot.engines.shopbot.model import PlannerEngine

    answers: list[AIMessage] = []
    answer = PlannerEngine._generate

    def note(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = answer(self, *args, **kwargs)
        answers.append(result.generations[0].message)
        return result

    monkeypatch.setattr(PlannerEngine, "_generate", note)
    yield answers
