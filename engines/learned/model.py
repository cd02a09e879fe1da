"""`learned:FOLDER`: an engine learned from recorded decisions, as a LangChain chat model.

It proposes one of the actions bound to it, with arguments read from the conversation, or replies. It reads messages
alone, no briefing, so that it works behind any agent. Its confidence is calibrated, for a cascade to act upon.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from shopbot.engines.errors import EngineError
from shopbot.engines.learned.context import context_of, refused_in
from shopbot.engines.learned.folder import FolderError
from shopbot.engines.learned.predict import Prediction, Predictor
from shopbot.engines.learned.replies import Replies
from shopbot.engines.protocol import CONFIDENCE
from shopbot.engines.recording.trace_format import AllowedAction
from shopbot.prompts import load_data


class LearnedEngine(BaseChatModel):
    """An engine in its folder, as `shopbot optimize` writes it."""

    _predictor: Predictor = PrivateAttr()
    _replies: Replies = PrivateAttr()
    _folder: Path = PrivateAttr()

    def __init__(self, folder: str | Path, *, threads: int = 1, **kwargs: Any) -> None:
        """Load the engine.

        Args:
            folder: where it lies.
            threads: cores that one decision may use.

        Raises:
            EngineError: the folder is missing, damaged, or of another kind of engine.
        """
        super().__init__(**kwargs)
        self._folder = Path(folder)
        try:
            self._predictor = Predictor(self._folder, threads)
        except FolderError as error:
            raise EngineError(f"The engine is 'learned:{folder}', but {error}") from None
        self._replies = Replies.read(self._predictor.description.settings.get("replies", ()))

    @property
    def _llm_type(self) -> str:
        return "learned"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the actions allowed now; the engine proposes none but these."""
        functions = [convert_to_openai_tool(tool)["function"] for tool in tools]
        offered = tuple(
            AllowedAction(each["name"], each.get("description", ""), each.get("parameters", {})) for each in functions
        )
        return self.bind(offered=offered)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        offered: tuple[AllowedAction, ...] = (),
        **kwargs: Any,
    ) -> ChatResult:
        context = context_of(messages)
        prediction = self._predictor.predict(context, offered, refused=refused_in(messages))
        text = "" if prediction.choice else self._reply(context)
        return ChatResult(generations=[ChatGeneration(message=_message(prediction, text))])

    def _reply(self, context: Sequence[tuple[str, str]]) -> str:
        return self._replies.reply(context) or str(load_data("agent/says.yaml")["lost"])


def _message(prediction: Prediction, text: str) -> AIMessage:
    calls = []
    if prediction.choice:
        name = prediction.choice
        calls = [ToolCall(name=name, args=prediction.args, id=f"call_{uuid.uuid4().hex}", type="tool_call")]
    return AIMessage(text, tool_calls=calls, response_metadata={CONFIDENCE: prediction.confidence})
