"""`shopbot search`: the shop's documents, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from apps.logbook import keep_log
from apps.readable import readable
from apps.terminal import open_console
from shop.errors import ShopError
from shop.settings import load_settings


class UnknownCollection(ShopError):
    """There is no collection of that name."""


def run_search(query: str, *, data: Path | None, collection: str, k: int, as_json: bool) -> int:
    """Print the best passages for `query`; returns the exit code.

    Raises:
        UnknownCollection: only the policies can be searched.
    """
    from tools.policy_index import open_policies

    if collection != "policies":
        raise UnknownCollection(f"There is no collection {collection!r}; there is policies.")
    settings = load_settings(data=data)
    console = open_console()
    with keep_log(settings):
        passages = open_policies(settings.data).search(readable(query), k)
    for passage in passages:
        if as_json:
            print(json.dumps({name: getattr(passage, name) for name in ("key", "source", "score", "text")}))
        else:
            console.print(f"[bold]\\[{passage.key}][/bold] {passage.score:.2f}")
            console.print(passage.text, markup=False, end="\n\n")
    if not passages and not as_json:
        console.print("The documents do not answer that.")
    return 0
