"""A RAG agent after LangChain's tutorial "Build a RAG agent", with middleware, and what changes with the gate.

Tutorial: https://docs.langchain.com/oss/python/langchain/rag (rewritten, over a handful of sentences). There the answer
is the model's word; with the gate it cites the passages that were retrieved, or it is not sent.
"""

from __future__ import annotations

from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware
from langchain_core.documents import Document
from langchain_core.tools import BaseTool, tool

from shopbot.agents import Gate
from shopbot.tools import Action, Call, Citation, Observation, Source, action

PROMPT = "You answer questions about the allotment garden. Retrieve first; say that you do not know if nothing helps."
RULES = [
    Document("Hedges are cut in October. Nobody cuts them from March to September.", metadata={"source": "hedges"}),
    Document("Water is turned off on 15 November.", metadata={"source": "water"}),
]


def search(query: str, k: int = 1) -> list[Document]:
    """The documents that share most words with the query; the tutorial has a vector store here."""
    words = set(query.lower().split())
    return sorted(RULES, key=lambda rule: -len(words & set(rule.page_content.lower().rstrip(".").split())))[:k]


@tool(response_format="content_and_artifact")
def retrieve(query: str) -> tuple[str, list[Document]]:
    """Retrieve what the garden's rules say about a query."""
    found = search(query)
    return "\n\n".join(document.page_content for document in found), found


def without_gate(model: Any, **options: Any) -> Any:
    """The tutorial's agent."""
    tools: list[BaseTool] = [retrieve]
    return create_agent(
        model, tools, system_prompt=PROMPT, middleware=[ModelCallLimitMiddleware(run_limit=8)], **options
    )


# What changes: the tool says what it cites and what may be told word for word, and the gate holds the answer to it.
@action(title="look into the rules")
def retrieve_cited(call: Call[Any], query: Annotated[str, Source.ENGINE]) -> Observation:
    """Retrieve what the garden's rules say about a query."""
    found = search(query)
    citations = [Citation(f"rules#{d.metadata['source']}", "rules", d.page_content) for d in found]
    told = " ".join(f"{citation.text} [{citation.key}]" for citation in citations)
    return Observation("\n\n".join(f"[{c.key}] {c.text}" for c in citations), citations=citations, answer=told)


ACTIONS: list[Action] = [retrieve_cited]


def with_gate(model: Any, **options: Any) -> Any:
    """The same agent: an answer that cites nothing, or what was never retrieved, goes back to the model."""
    middleware: list[Any] = [Gate(ACTIONS), ModelCallLimitMiddleware(run_limit=8)]
    return create_agent(model, system_prompt=PROMPT, middleware=middleware, **options)
