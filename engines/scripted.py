"""The scripted engine: replays what it is told, well or badly, so that an agent can be tested offline.

A script is a list of steps, one for each model call:

    - say: "What is your order number?"
    - call: take_order_number
      args: {order_number: "123456"}
    - calls: [{call: track_order}, {call: show_order}]
    - malformed: take_order_number          # a tool call whose arguments are not JSON
    - fail: the server is on fire           # raises

From Python a step may also be an `AIMessage`, an exception, or a function from messages to one of these.
"""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from shopbot.engines.errors import EngineError
from shopbot.errors import first_line

Step = Any
"""A mapping as above, an AIMessage, an exception, or a function of the messages that gives one of these."""


_KINDS = ("say", "call", "calls", "malformed", "fail")
_KEYS = (*_KINDS, "args")


class ScriptEnded(EngineError):
    """More model calls were made than the script has steps."""


class ScriptedEngine(BaseChatModel):
    """Replays `steps`; `offered` records the names of the actions that each call could choose from."""

    _steps: list[Step] = PrivateAttr()
    _offered: list[tuple[str, ...]] = PrivateAttr(default_factory=list)
    _heard: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    def __init__(self, steps: Iterable[Step], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._steps = list(steps)
        for number, step in enumerate(self._steps, start=1):
            _check_keys(step, f"Step {number} of the script")

    @classmethod
    def from_file(cls, path: str) -> ScriptedEngine:
        """The script in a YAML file.

        Raises:
            EngineError: the file is missing, or is no list of steps as above.
        """
        import yaml

        try:
            steps = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise EngineError(
                f"The script {path!r} cannot be read ({first_line(error)}): give a YAML file of steps."
            ) from None
        if not isinstance(steps, list):
            raise EngineError(f"The script {path!r} is no list of steps: start each step with '- '.")
        for number, step in enumerate(steps, start=1):
            _check_keys(step, f"In the script {path!r} step {number}")
        wrong = next((number for number, step in enumerate(steps, start=1) if not _is_step(step)), None)
        if wrong is not None:
            raise EngineError(
                f"In the script {path!r} step {wrong} is none of {', '.join(_KINDS)}: {steps[wrong - 1]!r}."
            )
        return cls(steps)

    @property
    def offered(self) -> list[tuple[str, ...]]:
        """For each model call so far, the actions that were offered."""
        return self._offered

    @property
    def heard(self) -> list[list[BaseMessage]]:
        """For each model call so far, the messages it was given."""
        return self._heard

    @property
    def _llm_type(self) -> str:
        return "script"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the actions; the script may still name any other."""
        return self.bind(offered=tuple(convert_to_openai_tool(tool)["function"]["name"] for tool in tools))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        offered: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> ChatResult:
        self._offered.append(offered)
        self._heard.append(messages)
        if not self._steps:
            raise ScriptEnded(f"the script has no step left for model call {len(self._heard)}")
        return ChatResult(generations=[ChatGeneration(message=_play(self._steps.pop(0), messages))])


def _check_keys(step: Step, where: str) -> None:
    """Name a key that no step has, and the one that it resembles."""
    if not isinstance(step, Mapping):
        return
    unknown = next((key for key in step if key not in _KEYS), None)
    if unknown is not None:
        near = difflib.get_close_matches(str(unknown), _KEYS, n=1)
        meant = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(_KEYS)}."
        raise EngineError(f"{where} has the key {unknown!r}: {meant}")
    for call in step.get("calls") or ():
        _check_keys(call, where)


def _is_step(step: Any) -> bool:
    return isinstance(step, dict) and any(kind in step for kind in _KINDS)


def _play(step: Step, messages: Sequence[BaseMessage]) -> AIMessage:
    if callable(step) and not isinstance(step, type):
        step = step(messages)
        _check_keys(step, "A step of the script")
    if isinstance(step, BaseException):
        raise step
    if isinstance(step, AIMessage):
        return step
    if "fail" in step:
        raise RuntimeError(step["fail"])
    calls = step.get("calls") or ([step] if "call" in step else [])
    return AIMessage(
        step.get("say", ""),
        tool_calls=[ToolCall(name=c["call"], args=c.get("args", {}), id=_new_id(), type="tool_call") for c in calls],
        invalid_tool_calls=_malformed(step),
    )


def _malformed(step: dict[str, Any]) -> list[InvalidToolCall]:
    if "malformed" not in step:
        return []
    broken = InvalidToolCall(
        name=step["malformed"],
        args='{"unfinished": ',
        id=_new_id(),
        error='the arguments are not valid JSON: {"unfinished": ',
        type="invalid_tool_call",
    )
    return [broken]


def _new_id() -> str:
    return f"call_{uuid.uuid4().hex}"
