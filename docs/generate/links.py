"""Links between pages and files of the repository, as a page writes them and as the site needs them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FRONT = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
_FENCE = re.compile(r"^(`{3,})[^\n]*\n.*?^\1`*\s*$", re.MULTILINE | re.DOTALL)


def links(text: str) -> Iterator[tuple[str, str]]:
    """(target, anchor) of each link of a Markdown text to something that is not on the web, code left out."""
    for found in _LINK.finditer(_FENCE.sub("", text)):
        if ":" not in found[2]:
            yield found[2], (found[3] or "").removeprefix("#")


def linked_files(pages: Iterable[Path]) -> list[Path]:
    """`pages` and every file of the repository that can be reached from them by links, without those of docs/.

    Raises:
        FileNotFoundError: a link leads nowhere.
    """
    waiting, seen = list(pages), list[Path]()
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.append(page)
        if page.suffix == ".md":
            waiting += [_target(page, target) for target, _ in links(page.read_text(encoding="utf-8"))]
    return [page for page in seen if not page.is_relative_to(DOCS)]


def _target(page: Path, target: str) -> Path:
    """The file that a link on `page` means; a folder means its README."""
    path = (page.parent / target).resolve()
    path = path / "README.md" if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"{page.relative_to(ROOT)} links to {target}, and there is no such file.")
    return path


def site_path(path: Path) -> str:
    """Where a file of the repository is on the site, as the path of a Markdown source or an asset."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    name = path.relative_to(ROOT).as_posix()
    return _FRONT.get(name) or "source/" + (name if path.suffix == ".md" else name + ".md")


def _origin(site: str) -> Path:
    """The file of the repository that the page `site` was made from."""
    at_root = {page: name for name, page in _FRONT.items()}
    if site in at_root:
        return ROOT / at_root[site]
    if site.startswith("source/"):
        path = ROOT / site.removeprefix("source/")
        return path if path.is_file() else path.with_suffix("")
    return DOCS / site


def rewrite(text: str, site: str) -> str:
    """The text of the page `site` with its links pointing to other pages of the site."""
    page = _origin(site)

    def point(found: re.Match[str]) -> str:
        if ":" in found[2]:
            return found[0]
        place = posixpath.relpath(site_path(_target(page, found[2])), posixpath.dirname(site) or ".")
        return f"{found[1]}{place}{found[3] or ''}{found[4]}"

    parts, at = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(point, text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, _LINK.sub(point, text[at:])])
