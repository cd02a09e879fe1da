"""A script in a model's place that fails loudly: an agent that asks once more than was foreseen ends the test."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from shopbot.engines.scripted import ScriptedEngine, Step

_SHOWN = 300
"""Characters of what the script was asked last."""


class ScriptRanOut(BaseException):
    """The agent called the model once more than the script has steps.

    No `Exception`, because an agent goes on when its engine fails: it would apologise, and the test would be none.
    """


class ScriptNotFinished(AssertionError):
    """The agent called the model less often than the script has steps."""


class Script(ScriptedEngine):
    """Plays steps as `shopbot.engines.scripted.ScriptedEngine` does; what it cannot play, or did not, is an error."""

    def __init__(self, *steps: Step, **kwargs: Any) -> None:
        super().__init__(steps, **kwargs)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        if not self._steps:
            raise ScriptRanOut(
                f"The script has no step for model call {len(self.heard) + 1}, which was told last: "
                f"{messages[-1].text[-_SHOWN:]!r}. Add a step, or see why the agent asked again."
            )
        return super()._generate(messages, *args, **kwargs)

    def check_finished(self) -> None:
        """All steps have been played.

        Raises:
            ScriptNotFinished: some have not.
        """
        if self._steps:
            raise ScriptNotFinished(
                f"The agent made {len(self.heard)} model calls and left {len(self._steps)} steps of its script, first "
                f"{self._steps[0]!r}: it ended its turn sooner than the script foresees."
            )
