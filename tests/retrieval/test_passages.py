"""A search returns different places: what continues or repeats a better passage becomes part of it."""

from __future__ import annotations

from shopbot.tools.retrieval.chunks import Chunk
from shopbot.tools.retrieval.passages import MOST_PARTS, places

FIRST = Chunk("guide#fees", "guide.md", "Guide > Fees", "A label is free.")
SECOND = Chunk("guide#fees-2", "guide.md", "Guide > Fees", "A second label costs five dollars.")
THIRD = Chunk("guide#fees-3", "guide.md", "Guide > Fees", "A third one costs ten.")
OTHER = Chunk("faq#label", "faq.md", "Questions > Label", "a label  is free.")
ELSEWHERE = Chunk("guide#hours", "guide.md", "Guide > Hours", "We open at nine.")


def found(*chunks: Chunk, k: int = 10) -> list[tuple[str, tuple[str, ...], str]]:
    ranked = [(chunk, 1 - place / 10) for place, chunk in enumerate(chunks)]
    return [(passage.key, passage.also, passage.text) for passage in places(ranked, k)]


def test_the_parts_of_one_section_are_one_passage_in_reading_order() -> None:
    text = f"{FIRST.text}\n\n{SECOND.text}"
    assert found(SECOND, FIRST) == [("guide#fees-2", ("guide#fees",), text)]


def test_parts_that_are_not_beside_each_other_are_two_places() -> None:
    assert [key for key, _, _ in found(FIRST, THIRD)] == ["guide#fees", "guide#fees-3"]


def test_a_repetition_adds_its_key_and_no_text() -> None:
    assert found(FIRST, OTHER) == [("guide#fees", ("faq#label",), FIRST.text)]


def test_other_sections_stay_apart() -> None:
    assert [key for key, _, _ in found(FIRST, ELSEWHERE)] == ["guide#fees", "guide#hours"]


def test_as_many_places_are_returned_as_are_asked_for() -> None:
    assert [key for key, _, _ in found(FIRST, SECOND, ELSEWHERE, k=2)] == ["guide#fees", "guide#hours"]
    assert len(found(FIRST, ELSEWHERE, k=1)) == 1


def test_a_passage_does_not_grow_without_end() -> None:
    parts = [Chunk(f"book#top-{n}", "book.txt", "book", f"Sentence number {n}.") for n in range(2, 10)]
    assert next(len(also) + 1 for _, also, _ in found(*parts)) == MOST_PARTS
