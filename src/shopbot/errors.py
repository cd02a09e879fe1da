"""Every failure that a user of the framework can expect, as one tree.

AgentError              each message is a sentence that names the value and the way out
├── PromptError         a prompt file is missing or cannot be read               (shopbot.prompts)
├── EngineError         an engine cannot be made or found                        (shopbot.engines.errors)
├── ActionError         an expected failure of an action: it becomes an observation  (shopbot.tools.action)
├── RetrievalError      documents or their index cannot be used                  (shopbot.tools.retrieval.errors)
├── MemoryFileError     a file of conversations cannot be opened                 (shopbot.agents.memory)
├── NoResultError       a structured result was asked for and none came          (shopbot.agents)
└── ShopError           ShopBot's own, a tree by itself                          (shopbot.shop.errors)
"""


class AgentError(Exception):
    """Root of every expected failure; `str(error)` is a sentence for the person who reads it."""


def first_line(error: BaseException) -> str:
    """The first line of what `error` says, of the driver's own words where SQLAlchemy wraps them, without a full stop;
    its kind when it says nothing."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0].rstrip(".")
