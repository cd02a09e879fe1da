"""`shopbot search`: a collection of documents, or the shop's own policies, from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from shopbot.apps.logbook import keep_log
from shopbot.apps.readable import readable
from shopbot.apps.settings import command_settings
from shopbot.apps.terminal import open_console
from shopbot.shop.settings import Settings

if TYPE_CHECKING:
    from shopbot.tools.retrieval import Retriever

POLICIES = "policies"


def run_search(
    query: str,
    *,
    data: Path | None,
    collection: str,
    k: int,
    as_json: bool,
    where: Sequence[str] = (),
    tenant: str | None = None,
    minimum: float | None = None,
) -> int:
    """Print the best passages for `query`; returns the exit code.

    There are none when the documents do not seem to answer.

    Args:
        where: conditions that every passage must meet, `key=value` each
        (`shopbot.tools.retrieval.filters.parse_where`).
        tenant: whose collection it is; None is the shop itself.
        minimum: confidence, from 0 to 1, from which on the documents answer; None is what was calibrated.

    Raises:
        RetrievalError: there is no such collection, or a condition cannot be used.
    """
    from shopbot.tools.retrieval.filters import parse_where

    settings = command_settings(data=data)
    console = open_console()
    wanted = parse_where(where)
    with keep_log(settings), closing(_open(settings, collection, tenant, minimum)) as retriever:
        passages = retriever.search(readable(query), k, wanted)
        for passage in passages:
            if as_json:
                more = [name for name in ("metadata", "also") if getattr(passage, name)]
                fields = ("key", "source", "heading", "score", "text", *more)
                print(json.dumps({name: getattr(passage, name) for name in fields}))
            else:
                said = f"[{passage.key}] {passage.score:.2f}  {passage.heading}\n{passage.text}"
                console.print(said, markup=False, soft_wrap=not console.is_terminal, end="\n\n")
    if not passages and not as_json:
        console.print(
            "Nothing that meets these conditions answers that." if where else "The documents do not answer that."
        )
    return 0


def _open(settings: Settings, collection: str, tenant: str | None, minimum: float | None) -> Retriever:
    if collection == POLICIES and tenant is None:
        from shopbot.tools.shop.policy_index import open_policies

        retriever = open_policies(settings.data, settings.policies)
        retriever.minimum_confidence = minimum
        return retriever
    from shopbot.tools.retrieval.collections import open_collection
    from shopbot.tools.shop.vectors import vectors_url

    url = vectors_url(settings)
    return open_collection(settings.data, collection, minimum, tenant=tenant, url=url, reranker=settings.reranker)
