"""HTML to Markdown: headings, lists and tables stay, scripts, styles and navigation go."""

from __future__ import annotations

from typing import Any

_DROPPED = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "nav",
    "form",
    "button",
    "head",
    "title",
)


def html_text(html: str) -> str:
    """The text of a page as Markdown, under its title when it has no heading of the first level."""
    from bs4 import BeautifulSoup, Comment
    from markdownify import MarkdownConverter

    page = BeautifulSoup(html, "html.parser")
    title = page.title.get_text(" ", strip=True) if page.title else ""
    for element in page(_DROPPED):
        element.decompose()
    for comment in page.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    body: Any = page.find("main") or page.find("article") or page.body or page
    text = MarkdownConverter(
        heading_style="ATX", strip=["a", "img"], escape_asterisks=False, escape_underscores=False, escape_misc=False
    ).convert_soup(body)
    tidy = "\n".join(line.rstrip() for line in str(text).splitlines()).strip()
    return f"# {title}\n\n{tidy}" if title and not page.find("h1") else tidy
