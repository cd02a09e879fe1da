"""Every failure that a user of the framework can expect, as one tree.

AgentError              each message is a sentence that names the value and the way out
├── MissingExtra        an optional part was not installed                       (here)
├── PromptError         a prompt file is missing or cannot be read               (shopbot.prompts)
├── EngineError         an engine cannot be made or found                        (shopbot.engines.errors)
│   └── ContextError        a conversation does not fit a local model            (shopbot.engines.llama.fitting)
├── EncoderError        the embedding model cannot be loaded                     (shopbot.engines.embedding)
├── TraceError          a line of recorded decisions cannot be read              (shopbot.engines.recording)
├── ContractError       a contract cannot be kept, or two do not fit together    (shopbot.tools)
├── ActionError         an expected failure of an action: it becomes an observation  (shopbot.tools.action)
├── RetrievalError      documents or their index cannot be used                  (shopbot.tools.retrieval.errors)
│   ├── DamagedIndex        an index does not fit together
│   └── RerankerError       a cross-encoder cannot be used                       (shopbot.tools.retrieval.reranking)
├── SandboxUnavailable  programs cannot be contained on this machine             (shopbot.tools.interpreter)
├── MemoryFileError     a file of conversations cannot be opened                 (shopbot.agents.checkpoints)
├── PersonaError        simulated users cannot be read                           (shopbot.testing)
├── NoResultError       a structured result was asked for and none came          (shopbot.agents)
└── ShopError           ShopBot's own, a tree by itself                          (shopbot.shop.errors)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


class AgentError(Exception):
    """Root of every expected failure; `str(error)` is a sentence for the person who reads it."""


class MissingExtra(AgentError):
    """A part of the framework whose packages were not installed."""


@contextmanager
def extra(name: str, what: str, *packages: str) -> Iterator[None]:
    """Around the imports that the optional dependencies `name` bring, for `what`, which begins the sentence.

    Args:
        packages: those that are imported only later, and looked for now.

    Raises:
        MissingExtra: a package is not installed.
    """
    try:
        for package in packages:
            if find_spec(package) is None:
                raise ModuleNotFoundError(name=package)
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "shopbot":
            raise
        raise MissingExtra(
            f"{what} needs the package {error.name}, which is not installed: pip install 'shopbot[{name}]'."
        ) from None


def first_line(error: BaseException) -> str:
    """The first line of what `error` says, of the driver's own words where SQLAlchemy wraps them, without a full stop;
    its kind when it says nothing."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0].rstrip(".")
