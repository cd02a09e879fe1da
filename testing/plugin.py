"""The pytest plugin: fixtures for scripted conversations, and the conversations in the report of a test that failed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from shopbot.testing.conversation import Conversation
    from shopbot.testing.script import Script

_TALKS = pytest.StashKey[list["Conversation"]]()


@pytest.fixture
def script(request: pytest.FixtureRequest) -> Iterator[Callable[..., Script]]:
    """`script(step, step, ...)`: an engine that plays the steps, and fails the test if some are left at its end."""
    from shopbot.testing.script import Script

    made: list[Script] = []

    def make(*steps: Any) -> Script:
        made.append(Script(*steps))
        return made[-1]

    yield make
    failed = getattr(request.node, "shopbot_failed", False)
    for each in made if not failed else ():
        each.check_finished()


@pytest.fixture
def converse(request: pytest.FixtureRequest) -> Callable[..., Conversation]:
    """`converse(agent)`: a conversation with it, which the report shows if the test fails."""
    from shopbot.testing.conversation import Conversation

    talks: list[Conversation] = request.node.stash.setdefault(_TALKS, [])

    def start(agent: Any, thread: str | None = None) -> Conversation:
        talks.append(Conversation(agent, thread))
        return talks[-1]

    return start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the conversations of a failed test to its report."""
    report = yield
    if report.when == "call" and report.failed:
        item.shopbot_failed = True  # type: ignore[attr-defined]
        for talk in item.stash.get(_TALKS, []):
            report.sections.append(("conversation", talk.transcript()))
    return report
