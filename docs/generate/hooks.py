"""Hooks of mkdocs: pages from files of the repository, links between them, and tables made from the code.

A page links to the repository as a file would (`../../tests/agents/test_gate.py`), so that the link works in an editor
and on a code host; on the site, a page with that file's text stands behind it. A line `<!-- made: settings -->` is
replaced by a table made from the code, or from the folder: `_MADE` names them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # mkdocs loads this file by its path

from docs.generate.commands import commands_reference  # noqa: E402
from docs.generate.figures import figures_table  # noqa: E402
from docs.generate.links import linked_files, rewrite, site_path  # noqa: E402
from docs.generate.notebooks import notebook_page  # noqa: E402
from docs.generate.settings import serve_settings_table, settings_table  # noqa: E402

_MADE = {
    "settings": settings_table,
    "serve settings": serve_settings_table,
    "commands": commands_reference,
    "figures": figures_table,
}
_ROOT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
_HIDDEN = "---\nsearch:\n  exclude: true\n---\n\n"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are files of the repository: the root's own, and whatever a page links to."""
    pages = [ROOT / name for name in _ROOT_PAGES]
    pages += [Path(file.abs_src_path) for file in files.documentation_pages() if file.abs_src_path]
    for path in linked_files(pages):
        if files.get_file_from_path(site_path(path)) is None:
            files.append(File.generated(config, site_path(path), content=_content(path)))
    return files


def _content(path: Path) -> str:
    """The text of a repository file as a page: Markdown as it is, anything else as a block of code."""
    name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    if name in _ROOT_PAGES:
        return text
    if path.suffix == ".md":
        return _HIDDEN + text
    if path.suffix == ".ipynb":
        return _HIDDEN + notebook_page(text)
    language = {".py": "python", ".yaml": "yaml", ".yml": "yaml"}.get(path.suffix, "text")
    return f"{_HIDDEN}# {name}\n\n`````{language}\n{text}`````\n"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the tables in, and point the links into the site."""
    for name, make in _MADE.items():
        if f"<!-- made: {name} -->" in markdown:
            markdown = markdown.replace(f"<!-- made: {name} -->", make())
    return rewrite(markdown, page.file.src_uri)
