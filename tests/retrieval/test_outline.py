"""Headings are found however they are written, and a folder may hold what is no document."""

from __future__ import annotations

from pathlib import Path

from shopbot.tools.retrieval.chunks import split_markdown
from shopbot.tools.retrieval.documents import Unreadable
from shopbot.tools.retrieval.ingestion import Ingestion
from shopbot.tools.retrieval.sources import open_sources
from shopbot.tools.retrieval.sources.restructured import restructured_text

UNDERLINED = """Returns
=======

Thirty days.

Refunds
-------
To your card.

| a | b |
|---|---|
| 1 | 2 |

- a list
---
After a rule.

```
Not a heading
-------------
```
"""
RESTRUCTURED = """.. _returns:

=======
Returns
=======

Thirty days.

Refunds
=======

To your card:

    # not a heading
    ---

=====  =====
a      b
=====  =====
1      2
=====  =====
"""


def headings(text: str) -> list[str]:
    chunks = split_markdown(text, document="d", source="d", count_tokens=lambda held: len(held.split()))
    return [chunk.heading for chunk in chunks]


def test_underlined_lines_are_headings_but_lists_tables_and_code_are_not() -> None:
    assert headings(UNDERLINED) == ["Returns", "Returns > Refunds"]


def test_the_titles_of_restructured_text_are_headings_by_their_order() -> None:
    assert headings(restructured_text(RESTRUCTURED)) == ["Returns", "Returns > Refunds"]


def test_restructured_text_without_titles_stays_as_it_is() -> None:
    assert restructured_text("a\n\n  b\n=\n") == "a\n\n  b\n="


def test_pictures_in_a_folder_are_named_in_one_line_and_are_no_fault(tmp_path: Path) -> None:
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nThirty days.", encoding="utf-8")
    for name in ("one.png", "two.PNG", "three.zip"):
        (folder / name).write_bytes(b"\x00")
    others = [each for each in open_sources([str(folder)]) if isinstance(each, Unreadable)]
    report = Ingestion(_Nothing(), None).run(others)  # type: ignore[arg-type]
    assert report.empty == [f"{folder} also has 3 of kinds that are not read (.png, .zip)."]
    assert not report.skipped


class _Nothing:
    def rows_by_source(self) -> dict[str, dict[str, object]]:
        return {}
