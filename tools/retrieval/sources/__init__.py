"""Sources of documents behind one function: files, folders, web pages, databases and wikis.

for document in open_sources(["handbook/", "https://example.com/faq", "wiki:Return merchandise authorization"]): ...

A source that cannot be read yields an `Unreadable` that names it, and the rest goes on. Nothing here knows of chunks.
"""

from shopbot.tools.retrieval.sources.limits import Limits
from shopbot.tools.retrieval.sources.opening import open_sources

__all__ = ["Limits", "open_sources"]
