"""The agent: five actions, a prompt and the docket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.court_filings.docket import Docket
from examples.court_filings.file_note import file_note
from examples.court_filings.find_passage import find_passage
from examples.court_filings.list_parties import list_parties
from examples.court_filings.open_case import open_case
from examples.court_filings.take_case_number import take_case_number
from shopbot.agents import create_agent
from shopbot.prompts import add_prompts, load_text
from shopbot.tools import Action

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

ACTIONS: list[Action] = [take_case_number, open_case, list_parties, find_passage, file_note]


def create_researcher(
    engine: BaseChatModel, docket: Docket, checkpointer: Any = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """A legal research assistant over the filings in `docket`; with a checkpointer it remembers its conversations."""
    add_prompts(Path(__file__).parent / "prompts")
    prompt = load_text("court_filings/system.md")
    return create_agent(engine, ACTIONS, prompt, services=docket, checkpointer=checkpointer, name="researcher")
