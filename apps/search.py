"""`shopbot search`: a collection of documents, or the shop's own policies, from the command line."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from apps.logbook import keep_log
from apps.readable import readable
from apps.terminal import open_console
from shop.settings import load_settings

if TYPE_CHECKING:
    from tools.retrieval import Retriever

POLICIES = "policies"


def run_search(query: str, *, data: Path | None, collection: str, k: int, as_json: bool) -> int:
    """Print the best passages for `query`; returns the exit code.

    The policies give none when they do not answer; another collection always gives the best it has.

    Raises:
        RetrievalError: there is no such collection.
    """
    settings = load_settings(data=data)
    console = open_console()
    with keep_log(settings), closing(_open(settings.data, collection)) as retriever:
        passages = retriever.search(readable(query), k)
        for passage in passages:
            if as_json:
                fields = ("key", "source", "heading", "score", "text")
                print(json.dumps({name: getattr(passage, name) for name in fields}))
            else:
                console.print(f"\\[{passage.key}] {passage.score:.2f}")
                console.print(passage.text, markup=False, end="\n\n")
    if not passages and not as_json:
        console.print("The documents do not answer that.")
    return 0


def _open(data: Path, collection: str) -> Retriever:
    if collection == POLICIES:
        from tools.policy_index import open_policies

        return open_policies(data)
    from tools.retrieval.collections import open_collection

    return open_collection(data, collection)
