"""A page of Wikipedia or of any MediaWiki, through its API (https://www.mediawiki.org/wiki/API:Parsing_wikitext)."""

from __future__ import annotations

import hashlib
import json
import re
from urllib.parse import urlencode

from shopbot.tools.retrieval.documents import Document
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.html import html_text
from shopbot.tools.retrieval.sources.limits import Limits
from shopbot.tools.retrieval.sources.web import fetch

WIKIPEDIA = "https://en.wikipedia.org/w/api.php"
_EDIT_MARK = re.compile(r"\[edit\]")


def wiki_page(named: str, limits: Limits) -> Document:
    """The page of `wiki:Title` or `wiki+https://host/w/api.php#Title`, redirects of the wiki followed.

    Raises:
        RetrievalError: the wiki cannot be reached or has no such page.
    """
    api, title = _parts(named)
    query = {"action": "parse", "page": title, "prop": "text", "redirects": 1, "format": "json", "formatversion": 2}
    answer = fetch(f"{api}?{urlencode(query)}", limits)
    try:
        held = json.loads(answer.content)
        if "error" in held:
            raise RetrievalError(f"{named}: {held['error'].get('info', 'the wiki refused')}")
        page, html = str(held["parse"]["title"]), str(held["parse"]["text"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RetrievalError(f"{api} does not answer as a MediaWiki does.") from None
    return Document(
        name=page.replace(" ", "_"),
        source=named,
        digest=hashlib.sha256(html.encode()).hexdigest(),
        read=lambda: f"# {page}\n\n" + _EDIT_MARK.sub("", html_text(html)),
        origin=named,
    )


def _parts(named: str) -> tuple[str, str]:
    if named.lower().startswith("wiki:"):
        return WIKIPEDIA, named[len("wiki:") :].strip()
    api, _, title = named[len("wiki+") :].partition("#")
    if not title:
        raise RetrievalError(f"{named} names no page: wiki+https://host/w/api.php#Title.")
    return api, title
