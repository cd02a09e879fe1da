"""Markdown to chunks."""

from __future__ import annotations

from shopbot.tools.retrieval.chunks import Chunk, heading_slug, record, split_markdown


def split(text: str, budget: int = 220) -> list[Chunk]:
    return split_markdown(
        text, document="doc", source="doc.md", count_tokens=lambda part: len(part.split()), budget=budget
    )


def test_a_section_is_a_chunk_under_its_heading() -> None:
    (chunk,) = split("# Returns\n\n## Return window\nThirty days.\n")
    assert chunk == Chunk("doc#return-window", "doc.md", "Returns > Return window", "Thirty days.")


def test_slugs_drop_punctuation_and_case() -> None:
    assert heading_slug("Match a competitor's price?") == "match-a-competitors-price"


def test_text_above_the_first_heading_has_a_key() -> None:
    assert [chunk.key for chunk in split("Hello.\n\n# One\nTwo.\n")] == ["doc#top", "doc#one"]


def test_a_long_section_is_split_and_numbered_and_loses_no_word() -> None:
    text = " ".join(f"Sentence number {number} stands here." for number in range(40))
    chunks = split(f"## Long\n{text}\n", budget=50)
    assert [chunk.key for chunk in chunks[:3]] == ["doc#long", "doc#long-2", "doc#long-3"]
    assert " ".join(chunk.text for chunk in chunks).split() == text.split()
    assert all(len(chunk.text.split()) <= 50 for chunk in chunks)


def test_two_headings_of_one_name_get_two_keys() -> None:
    assert [chunk.key for chunk in split("## Fees\na\n## Fees\nb\n")] == ["doc#fees", "doc#fees-2"]


def test_a_hash_inside_a_code_fence_is_no_heading() -> None:
    (chunk,) = split("## Code\n```\n# not a heading\n```\n")
    assert "# not a heading" in chunk.text


def test_a_heading_without_text_makes_no_chunk() -> None:
    assert [chunk.key for chunk in split("# Title\n## Empty\n## Full\ntext\n")] == ["doc#full"]


def test_a_lower_heading_ends_with_its_parent() -> None:
    paths = [chunk.heading for chunk in split("# A\n## B\nx\n### C\ny\n## D\nz\n")]
    assert paths == ["A > B", "A > B > C", "A > D"]


def test_windows_line_ends_make_no_difference() -> None:
    assert split("# A\r\n\r\n## B\r\ntext\r\n") == split("# A\n\n## B\ntext\n")


def test_a_table_that_fits_is_kept_whole() -> None:
    table = "| Size | Price |\n|---|---|\n" + "| small | ten |\n" * 5
    parts = split("## Prices\n" + "word " * 45 + f"\n\n{table}\nmore words", budget=60)
    assert [part.text.count("| small |") for part in parts] in ([0, 5], [0, 5, 0])
    assert {part.heading for part in parts} == {"Prices"}


def test_the_rest_of_a_split_table_stands_under_its_column_names() -> None:
    rows = "".join(f"| size {number} | {number} dollars |\n" for number in range(30))
    first, *rest = split(f"# Shop\n\n## Prices\nBefore.\n\n| Size | Price |\n|:---|---:|\n{rows}\nAfter.", budget=60)
    assert first.heading == "Shop > Prices"
    rest = [part for part in rest if part.text.startswith("| size")]
    assert len(rest) > 2
    assert {part.heading for part in rest} == {"Shop > Prices > Size | Price"}
    assert all(line.endswith("|") or line in ("", "After.") for part in rest for line in part.text.splitlines())


def test_what_follows_a_table_does_not_stand_under_its_columns() -> None:
    rows = "".join(f"| size {number} | {number} dollars |\n" for number in range(30))
    *_, last = split(f"## Prices\n\n| Size | Price |\n|---|---|\n{rows}\n" + "word " * 55, budget=60)
    assert last.heading == "Prices"


def test_front_matter_is_metadata_and_no_text() -> None:
    (chunk,) = split("---\ntitle: Guide\nyear: 2024\nday: 2024-05-01\n---\n## Fees\nNone.\n")
    assert (chunk.heading, chunk.text) == ("Guide > Fees", "None.")
    assert chunk.metadata == {"title": "Guide", "year": 2024, "day": "2024-05-01"}


def test_two_rules_are_no_front_matter() -> None:
    assert [chunk.text for chunk in split("---\nJust words: and, [more\n---\nText\n")] == [
        "---\nJust words: and, [more\n---\nText"
    ]


def test_a_records_own_metadata_comes_before_the_documents() -> None:
    (chunk,) = split_markdown(
        record("one", "", "text", {"language": "de"}),
        document="doc",
        source="doc",
        count_tokens=len,
        form="records",
        metadata={"language": "en", "year": 2024},
    )
    assert chunk.metadata == {"language": "de", "year": 2024}
