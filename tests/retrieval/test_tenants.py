"""One tenant never sees another's chunks, whatever either is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.shop.settings import Settings
from shopbot.tools.retrieval import RetrievalError
from shopbot.tools.retrieval.collections import ingest, open_collection
from shopbot.tools.retrieval.places import folder_of
from shopbot.tools.retrieval.postgres_collections import table_name
from shopbot.tools.shop.vectors import vectors_url

QUESTION = "What is the secret word?"


def note(folder: Path, word: str) -> str:
    folder.mkdir()
    (folder / "note.md").write_text(f"# Secret\n\nThe secret word is {word}.\n")
    return str(folder)


def test_the_same_collection_of_two_tenants_has_nothing_in_common(
    settings: Settings, name: str, tmp_path: Path
) -> None:
    words = {"acme": "alpaca", "globex": "gazelle", None: "wombat"}
    for tenant, word in words.items():
        ingest(settings.data, name, [note(tmp_path / word, word)], tenant=tenant, url=vectors_url(settings))
    for tenant, word in words.items():
        retriever = open_collection(settings.data, name, 0, tenant=tenant, url=vectors_url(settings))
        texts = [passage.text for passage in retriever.search(QUESTION + " alpaca gazelle wombat", 50)]
        assert texts == [f"The secret word is {word}."]
        others = [other for other in words.values() if other != word]
        assert retriever.passage(f"{others[0]}/note.md#secret") is None
        assert retriever.search(QUESTION, where={"source": f"{others[0]}/note.md"}) == []
        retriever.close()


def test_a_tenant_without_collections_finds_none_of_the_others(settings: Settings, name: str, tmp_path: Path) -> None:
    ingest(settings.data, name, [note(tmp_path / "a", "alpaca")], tenant="acme", url=vectors_url(settings))
    with pytest.raises(RetrievalError, match="There is no collection"):
        open_collection(settings.data, name, tenant="globex", url=vectors_url(settings))


@pytest.mark.parametrize(
    "tenant",
    ["", ".", "..", "../acme", "a/b", "a\\b", "/etc", "Acme", "acme ", "a\x00", "ä", "a.b", "x" * 64, "acme\n"],
)
def test_a_tenants_name_cannot_be_a_path_or_another_ones_in_capitals(tenant: str, tmp_path: Path) -> None:
    with pytest.raises(RetrievalError, match="A tenant cannot be named"):
        open_collection(tmp_path, "notes", tenant=tenant)


@pytest.mark.parametrize("collection", ["", "..", "../notes", "a/b", ".hidden", "policies", "notes.lock", "notes\n"])
def test_a_collections_name_cannot_be_a_path(collection: str, tmp_path: Path) -> None:
    with pytest.raises(RetrievalError, match="A collection cannot be named"):
        open_collection(tmp_path, collection, tenant="acme")


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_name_leads_out_of_a_tenants_folder(tenant: str, collection: str) -> None:
    data = Path("/data")
    try:
        folder = folder_of(data, collection, tenant)
    except RetrievalError:
        return
    assert folder.resolve().parent == data / "tenants" / tenant / "collections"


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_two_collections_have_two_tables(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (table_name(*one) == table_name(*other)) == (one == other)
