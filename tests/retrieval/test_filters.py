"""Filters mean the same on every store and for both rankings."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from shopbot.engines.embedding import Encoder
from shopbot.shop.settings import Settings
from shopbot.tools.retrieval import RetrievalError
from shopbot.tools.retrieval.chunks import Chunk
from shopbot.tools.retrieval.documents import Document
from shopbot.tools.retrieval.filters import Condition, conditions, parse_where, plain
from shopbot.tools.retrieval.places import place_of
from shopbot.tools.retrieval.store import ChunkStore
from shopbot.tools.shop.vectors import vectors_url

LANGUAGES, PRICES = ["en", "de", "20", None], [5, 20.0, "19.90", "20", "cheap", True, None]
HEADINGS = ["A", "A > B", "A > B > C", "A > BC", "D"]
METADATA: list[dict[str, Any]] = [{"language": language, "price": price} for language in LANGUAGES for price in PRICES]


class FewVectors(Encoder):
    """The first numbers of a text's hash: these tests are about filters."""

    def encode(self, texts: Any) -> Any:
        rows = np.stack([np.random.default_rng(abs(hash(text)) % 2**32).normal(size=384) for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def store(new_settings: Callable[[], Settings]) -> Iterator[ChunkStore]:
    settings = new_settings()
    encoder = FewVectors()
    store = ChunkStore(place_of(settings.data, f"filters-{settings.data.name}", url=vectors_url(settings)), encoder)
    store.ingest_documents(
        Document(
            f"d{number}",
            f"d{number}.md",
            "1",
            lambda number=number: "".join(f"{'#' * depth} {name}\nword\n" for depth, name in headed(number)),
            metadata=metadata,
        )
        for number, metadata in enumerate(METADATA)
    )
    yield store
    store.close()


def headed(number: int) -> list[tuple[int, str]]:
    path = HEADINGS[number % len(HEADINGS)].split(" > ")
    return list(enumerate(path, 1))


def met(condition: Condition, held: Mapping[str, Any]) -> bool:
    """What a condition means, in Python."""
    value = held.get(condition.field)
    if condition.operator == "$prefix":
        return str(value) == condition.values[0] or str(value).startswith(f"{condition.values[0]} > ")
    same = any(type(value) is type(wanted) and value == wanted for wanted in condition.values)
    if condition.operator in ("$eq", "$in"):
        return same
    if condition.operator in ("$ne", "$nin"):
        return not same
    compare = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}[condition.operator]
    return type(value) is float and compare(value, condition.values[0])


def fields(chunk: Chunk) -> dict[str, Any]:
    return {
        **{f"m.{name}": plain(value) for name, value in chunk.metadata.items()},
        "source": chunk.source,
        "heading": chunk.heading,
    }


values = st.sampled_from([value for value in [*LANGUAGES, *PRICES, 7, False, "no such"] if value is not None])
names = st.sampled_from(["language", "price", "colour"])
clauses = st.one_of(
    st.tuples(names, values),
    st.tuples(names, st.builds(lambda sign, value: {sign: value}, st.sampled_from(["$eq", "$ne"]), values)),
    st.tuples(
        names,
        st.builds(
            lambda sign, several: {sign: several},
            st.sampled_from(["$in", "$nin"]),
            st.lists(values, min_size=1, max_size=4),
        ),
    ),
    st.tuples(
        names,
        st.builds(
            lambda sign, bound: {sign: bound},
            st.sampled_from(["$gt", "$gte", "$lt", "$lte"]),
            st.sampled_from([5, 19.9, 20, -1]),
        ),
    ),
    st.tuples(st.just("heading"), st.sampled_from([*HEADINGS, "B", ""]).map(lambda path: {"$prefix": path})),
    st.tuples(st.just("source"), st.sampled_from(["d0.md", "d11.md", "none.md"])),
)


@limits(deadline=None, max_examples=40)
@given(st.lists(clauses, max_size=3).map(dict))
def test_both_rankings_return_what_meets_the_filter_and_all_of_it(store: ChunkStore, where: dict[str, Any]) -> None:
    every = {row.key: row for row in store.get([chunk.key for chunk in store.searchable()]).values()}
    wanted = conditions(where)
    expected = {key for key, chunk in every.items() if all(met(each, fields(chunk)) for each in wanted)}
    probe = FewVectors().encode(["anything"])[0]
    assert {key for key, _ in store.nearest_keys(probe, len(every), wanted)} == expected
    assert {key for key, _ in store.worded_keys("word", len(every), wanted)} == expected


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("20", 20.0),
        (20, 20.0),
        ("19.90", 19.9),
        ("007", "007"),
        ("1.2.3", "1.2.3"),
        ("+1", "+1"),
        ("TRUE", True),
        (" en ", "en"),
        (2**60 + 1, str(2**60 + 1)),
        (float("nan"), None),
        ([1], None),
        ("\ud800", "?"),
    ],
)
def test_values_as_they_are_compared(value: Any, stored: Any) -> None:
    assert plain(value) == stored
    assert type(plain(value)) is type(stored)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"price": {"$about": 5}}, r"'\$about' of 'price' is no operator"),
        ({"price": {"$gt": "cheap"}}, "compares with a number"),
        ({"price": {}}, "filter of 'price' is empty"),
        ({"price": {"$in": []}}, "lists 0 values"),
        ({"price": None}, "compares with text"),
        ({"language": {"$prefix": "e"}}, "for the heading, not for 'language'"),
    ],
)
def test_a_filter_that_cannot_be_used_is_named(where: dict[str, Any], said: str) -> None:
    with pytest.raises(RetrievalError, match=said):
        conditions(where)


def test_arguments_of_the_command_line_become_a_filter() -> None:
    given = ["source=a.md", "source=b.md", "heading=Returns", "price>=5", "price<20", "language!=de"]
    assert parse_where(given) == {
        "source": {"$in": ["a.md", "b.md"]},
        "heading": {"$prefix": "Returns"},
        "price": {"$gte": "5", "$lt": "20"},
        "language": {"$nin": ["de"]},
    }


@pytest.mark.parametrize("argument", ["source", "=a", ""])
def test_an_argument_of_another_form_is_named(argument: str) -> None:
    with pytest.raises(RetrievalError, match="is no filter: write key=value"):
        parse_where([argument])


def test_a_documents_own_field_is_never_taken_for_one_of_the_index(tmp_path: Path) -> None:
    store = ChunkStore(tmp_path / "index", FewVectors())
    metadata = {"source": "forged", "digest": "forged", "heading": "forged"}
    store.ingest_documents([Document("a", "a.md", "1", lambda: "# A\nword", metadata=metadata)])
    (chunk,) = store.get(["a#a"]).values()
    assert (chunk.source, chunk.heading) == ("a.md", "A")
    assert store.ingest_documents([Document("a", "a.md", "1", lambda: "", metadata=metadata)]).unchanged == ["a.md"]
    store.close()
