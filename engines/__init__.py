"""Engines: what reasons. Each is a LangChain chat model: messages and allowed actions in, one `AIMessage` out.

make_engine("planner")          the embedded planner: no key, no network
make_engine("openai:gpt-5.5")   OpenAI, or any compatible server through OPENAI_BASE_URL
make_engine("script:FILE")      replays a file: for tests and demonstrations
"""

from engines.errors import EngineError
from engines.factory import make_engine

__all__ = ["EngineError", "make_engine"]
