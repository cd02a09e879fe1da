"""Markdown to chunks."""

from __future__ import annotations

from tools.retrieval.chunks import Chunk, heading_slug, split_markdown


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
