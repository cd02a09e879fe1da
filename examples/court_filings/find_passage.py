"""`find_passage`: what the filings of the open case say about a question, quoted with a key."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from examples.court_filings.docket import Docket
from shopbot.tools import Call, Citation, Observation, Source, action


@action(needs=("case",), goal=True, title="look in the filings")
def find_passage(call: Call[Docket], question: Annotated[str, Field(max_length=500), Source.ENGINE]) -> Observation:
    """Look up what the filings of the case say about a question: claims, facts, rulings, deadlines."""
    number = call.facts["case"]["number"]
    passages = call.services.search(number, question)
    if not passages:
        return Observation(f"No filing in {number} says that: say so.")
    return Observation(
        "\n\n".join(f"[{passage.key}] {passage.text}" for passage in passages),
        citations=[Citation(passage.key, passage.source, passage.text) for passage in passages],
    )
