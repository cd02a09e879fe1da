"""The LangChain chat model over a local GGUF file: messages and allowed actions in, one `AIMessage` out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from shopbot.engines.errors import EngineError
from shopbot.engines.llama.answer_grammar import ANY, AUTO, NONE
from shopbot.engines.llama.answers import Answer, new_id, read_answer, reply_so_far
from shopbot.engines.llama.guide import Guide
from shopbot.engines.llama.messages import as_chunk, as_text, usage_of
from shopbot.engines.llama.prompting import Prompting, Request, open_prompting
from shopbot.engines.llama.runtime import Runtime
from shopbot.engines.llama.work import Work
from shopbot.engines.protocol import CONFIDENCE, COST, THOUGHT
from shopbot.engines.templated import templated


class LlamaEngine(BaseChatModel):
    """Decodes under a grammar made of the actions that are bound, so that every call is well formed.

    Threads may share one engine; its answers are made one after the other. A stream holds the model until it is
    read to its end or closed.
    """

    longest_answer: int = 1024
    """Tokens."""
    temperature: float = 0.0
    """0 takes the likeliest token each time."""
    seed: int = 0
    thoughts: bool = True
    """Whether the model may think in a sentence before it answers."""
    guided: bool = True
    """Whether the model is asked small things only, where there are prompts for that (`guide.py`)."""
    reads_candidates: bool = True
    """Whether arguments are decoded from what their sources hold and nothing else."""
    _prompting: Prompting = PrivateAttr()
    _guide: Guide = PrivateAttr()

    def __init__(self, file: str | Path, *, context: int | None = None, threads: int | None = None, **kwargs: Any):
        """Load `file`; `context` tokens (by default the model's own, at most 8,192) and `threads` (every core).

        Raises:
            EngineError: the file cannot be loaded.
        """
        super().__init__(**kwargs)
        self._prompting = open_prompting(Path(file).expanduser(), context=context, threads=threads)
        self._guide = Guide(self._prompting)

    @property
    def runtime(self) -> Runtime:
        """The loaded model."""
        return self._prompting.runtime

    @property
    def _llm_type(self) -> str:
        return "llama"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        parallel_tool_calls: bool = True,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the actions allowed now.

        `tool_choice`: "auto" (a reply or calls), "any", "required" or True (calls), "none" (a reply), or an action.
        """
        actions = [_action(tool) for tool in tools]
        return self.bind(actions=actions, choice=_choice(tool_choice), several=parallel_tool_calls, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        grammar: str | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """One answer; `grammar` is GBNF of the caller's own, instead of one made from the actions."""
        request = self._request(stop, grammar, kwargs)
        guided = self._guided(messages, request)
        if guided is not None:
            return ChatResult(generations=[ChatGeneration(message=guided)])
        work = Work()
        text = "".join(self._prompting.decode(messages, request, work))
        answer = _read(text, request)
        message = AIMessage(
            answer.reply,
            tool_calls=answer.calls,
            invalid_tool_calls=answer.broken,
            additional_kwargs=_thought(answer),
            usage_metadata=usage_of(work),
            response_metadata=self._metadata(work, request),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        grammar: str | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """The reply while it is decoded; thought and calls when they are whole."""
        request = self._request(stop, grammar, kwargs)
        guided = self._guided(messages, request)
        if guided is not None:
            yield ChatGenerationChunk(message=as_chunk(guided))
            return
        work, text, shown = Work(), "", ""
        for piece in self._prompting.decode(messages, request, work):
            text += piece
            sure = text if request.is_raw else reply_so_far(text)
            if len(sure) > len(shown):
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=sure[len(shown) :]))
                shown = sure
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        answer = _read(text, request)
        calls = [
            {"name": call["name"], "args": as_text(call["args"]), "id": call["id"], "index": place}
            for place, call in enumerate([*answer.calls, *answer.broken])
        ]
        last = AIMessageChunk(
            content="",
            tool_call_chunks=[{**call, "type": "tool_call_chunk"} for call in calls],  # type: ignore[typeddict-item]
            additional_kwargs=_thought(answer),
            usage_metadata=usage_of(work),
            response_metadata=self._metadata(work, request),
            chunk_position="last",
        )
        yield ChatGenerationChunk(message=last)

    def _guided(self, messages: list[BaseMessage], request: Request) -> AIMessage | None:
        """The guide's next step; None where it has nothing to say."""
        if not self.guided or request.grammar is not None or request.choice != AUTO or not request.actions:
            return None
        offered = {one["name"]: tuple(one["parameters"].get("required", ())) for one in request.actions}
        try:
            found = self._guide.propose(messages, offered)
        except (TimeoutError, ValueError, RuntimeError) as error:
            raise EngineError(f"The model {self.runtime.file.name} cannot answer: {error}.") from error
        if found is None:
            return None
        calls = []
        if found.proposal is not None and found.proposal.action is not None:
            calls = [
                ToolCall(name=found.proposal.action, args=dict(found.proposal.args), id=new_id(), type="tool_call")
            ]
        said = AIMessage(
            found.text,
            tool_calls=calls,
            additional_kwargs={THOUGHT: found.notes} if found.notes else {},
            usage_metadata=usage_of(found.work),
            response_metadata={**self._metadata(found.work, request), "finish_reason": "stop"},
        )
        return templated(said)

    def _request(self, stop: list[str] | None, grammar: str | None, bound: dict[str, Any]) -> Request:
        return Request(
            actions=bound.get("actions", []),
            choice=bound.get("choice", AUTO),
            several=bound.get("several", True),
            grammar=grammar,
            stop=stop or [],
            thoughts=bound.get("thoughts", self.thoughts),
            tokens=bound.get("longest_answer", self.longest_answer),
            temperature=bound.get("temperature", self.temperature),
            seed=bound.get("seed", self.seed),
        )

    def _metadata(self, work: Work, request: Request) -> dict[str, Any]:
        return {
            "model_name": self.runtime.file.name,
            "finish_reason": "stop" if work.finished else "length",
            COST: 0.0,
            **({} if request.is_raw else {CONFIDENCE: work.confidence}),
            "timings": {
                "prompt_tokens": work.prompt,
                "evaluated_tokens": work.evaluated,
                "prompt_seconds": work.prompt_seconds,
                "decoded_tokens": work.made,
                "decode_seconds": work.decode_seconds,
            },
        }


def _read(text: str, request: Request) -> Answer:
    return Answer(reply=text) if request.is_raw else read_answer(text)


def _action(tool: Any) -> dict[str, Any]:
    function = convert_to_openai_tool(tool)["function"]
    return {
        "name": function["name"],
        "description": function.get("description", ""),
        "parameters": function.get("parameters") or {"type": "object", "properties": {}, "additionalProperties": False},
    }


def _choice(wanted: str | dict[str, Any] | bool | None) -> str:
    if wanted is None or wanted is False:
        return AUTO
    if isinstance(wanted, dict):
        return str(wanted.get("function", wanted)["name"])
    return {True: ANY, "required": ANY, "any": ANY, "auto": AUTO, "none": NONE}.get(wanted, str(wanted))


def _thought(answer: Answer) -> dict[str, Any]:
    return {THOUGHT: answer.thought} if answer.thought else {}
