"""Engines: what reasons. Each is a LangChain chat model: messages and allowed actions in, one `AIMessage` out.

make_engine("planner")                         the embedded planner: no key, no network
make_engine("learned:FOLDER")                  an engine learned from an agent's traces
make_engine("openai:gpt-5.5")                  OpenAI, or any compatible server through OPENAI_BASE_URL
make_engine("anthropic:MODEL")                 any other provider of LangChain's, when its package is installed
make_engine("llama:MODEL")                     a local model, a name or a GGUF file (extra: local)
make_engine("react:openai:MODEL")              a model without tool calls, through the ReAct text protocol
make_engine("cascade:planner,openai:gpt-5.5")  the first that is sure enough and holds before the gate
make_engine("script:FILE")                     replays a file: for tests and demonstrations; also ScriptedEngine

`EngineOptions` says what they may be told beside: time-out, streaming, thresholds.
"""

from typing import TYPE_CHECKING, Any

from shopbot.engines.errors import EngineError
from shopbot.engines.factory import make_engine
from shopbot.engines.options import EngineOptions

if TYPE_CHECKING:
    from shopbot.engines.scripted import ScriptedEngine

__all__ = ["EngineError", "EngineOptions", "ScriptedEngine", "make_engine"]


def __getattr__(name: str) -> Any:
    """Load the scripted engine, and LangChain with it, when it is first asked for."""
    if name != "ScriptedEngine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from shopbot.engines.scripted import ScriptedEngine

    return ScriptedEngine
