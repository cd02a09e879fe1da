"""`search_policies`: what the shop's documents say, quoted with a key; nothing when they do not say it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from shopbot.prompts import render
from shopbot.tools.action import Call, Citation, Observation, Source, action
from shopbot.tools.shop.services import ShopServices

FOUND = 3


# The engine words the question itself: searching changes nothing, and an answer may say only what the passages say.
@action(title="look in the policies")
def search_policies(
    call: Call[ShopServices], question: Annotated[str, Field(max_length=12_000), Source.ENGINE]
) -> Observation:
    """Look up what the shop's documents say about a question. Ask in the customer's own words, but so that the
    question can be understood without the conversation: "and for shoes?" after "can I return sale items?" is asked
    as "can I return sale shoes?"."""
    from shopbot.tools.retrieval.answers import without_citations

    policies = call.services.policies
    passages = policies.search(question, FOUND)
    data: dict[str, Any] = {"passages": [passage.key for passage in passages]}
    if passages:
        data |= {"key": passages[0].key, "quote": policies.best_quote(question, passages[0])}
    citations = [Citation(passage.key, passage.source, passage.text) for passage in passages]
    # A key in the text of a passage is not the passage's own.
    shown = [replace(passage, text=without_citations(passage.text)) for passage in passages]
    return Observation(
        render("answers/passages.j2", question=question, passages=shown),
        data=data,
        citations=citations,
        answer=render("replies/search_policies.j2", data=data, ok=True, facts=call.facts, citations=citations),
    )
