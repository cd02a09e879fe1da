"""The clinic's desk with a script for a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from examples.clinic import ACTIONS, Clinic, create_desk
from shopbot.testing import Conversation


@pytest.fixture
def clinic() -> Clinic:
    """The clinic's records."""
    return Clinic()


@pytest.fixture
def desk(script: Callable[..., Any], converse: Callable[..., Conversation], clinic: Clinic) -> Callable[..., Any]:
    """`desk(step, ...)`: a conversation with the desk, whose engine plays the steps."""

    def start(*steps: Any, actions: Any = ACTIONS, **options: Any) -> Conversation:
        return converse(create_desk(script(*steps), clinic, actions, checkpointer=InMemorySaver(), **options))

    return start
