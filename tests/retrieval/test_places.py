"""A collection behaves the same wherever it is kept: embedded, on a `chroma run` server, in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopbot.shop.settings import Settings, SettingsError, load_settings
from shopbot.tools.retrieval import RetrievalError
from shopbot.tools.retrieval.collections import collection_names, delete_collection, ingest, open_collection
from shopbot.tools.shop.vectors import vectors_url


def keys(settings: Settings, name: str, question: str = "anything", tenant: str | None = None) -> list[str]:
    retriever = open_collection(settings.data, name, 0, url=vectors_url(settings), tenant=tenant)
    try:
        return [passage.key for passage in retriever.search(question, 50)]
    finally:
        retriever.close()


def test_what_is_ingested_is_found(settings: Settings, name: str, documents: Path) -> None:
    report = ingest(settings.data, name, [str(documents)], url=vectors_url(settings))
    assert report.added == ["documents/returns.md", "documents/shipping.md"]
    assert keys(settings, name, "how long can I return it")[0] == "documents/returns.md#window"
    assert keys(settings, name, "overnight")[0] == "documents/shipping.md#cost"


def test_a_second_run_reads_again_only_what_changed(settings: Settings, name: str, documents: Path) -> None:
    ingest(settings.data, name, [str(documents)], url=vectors_url(settings))
    (documents / "shipping.md").unlink()
    (documents / "returns.md").write_text("# Returns\n\n## Window\nNow 60 days.\n\n## Fees\nThe label is free.\n")
    report = ingest(settings.data, name, [str(documents)], url=vectors_url(settings))
    assert (report.changed, report.removed) == (["documents/returns.md"], ["documents/shipping.md"])
    assert sorted(keys(settings, name)) == ["documents/returns.md#fees", "documents/returns.md#window"]


def test_an_open_search_sees_what_is_ingested_later(settings: Settings, name: str, documents: Path) -> None:
    ingest(settings.data, name, [str(documents)], url=vectors_url(settings))
    retriever = open_collection(settings.data, name, 0, url=vectors_url(settings))
    retriever.search("gift cards")
    (documents / "gifts.md").write_text("# Gift cards\n\nA voucher named Zephyr never expires.\n")
    ingest(settings.data, name, [str(documents)], url=vectors_url(settings))
    assert retriever.search("zephyr", 1)[0].source == "documents/gifts.md"
    assert "zephyr" in retriever.store.keywords.known("zephyr")
    near = retriever.store.nearest_keys(retriever.encoder.encode(["gift cards"])[0], 1)
    assert near[0][0] == "documents/gifts.md#gift-cards"
    retriever.close()


def test_a_collection_that_there_is_not_is_named(settings: Settings, name: str) -> None:
    with pytest.raises(RetrievalError, match=f"There is no collection '{name}'"):
        open_collection(settings.data, name, url=vectors_url(settings))


def test_collections_are_listed_by_tenant(settings: Settings, name: str, documents: Path) -> None:
    ingest(settings.data, name, [str(documents)], tenant="acme", url=vectors_url(settings))
    assert name in collection_names(settings.data, tenant="acme", url=vectors_url(settings))
    assert name not in collection_names(settings.data, tenant="other", url=vectors_url(settings))
    assert name not in collection_names(settings.data, url=vectors_url(settings))


def test_a_deleted_collection_is_gone_and_can_be_made_again(settings: Settings, name: str, documents: Path) -> None:
    for _ in range(2):
        assert len(ingest(settings.data, name, [str(documents)], url=vectors_url(settings)).added) == 2
        delete_collection(settings.data, name, url=vectors_url(settings))
        assert name not in collection_names(settings.data, url=vectors_url(settings))
        with pytest.raises(RetrievalError, match="There is no collection"):
            delete_collection(settings.data, name, url=vectors_url(settings))


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path, vectors_url="http://127.0.0.1:9")
    with pytest.raises(RetrievalError, match=r"The Chroma server http://127.0.0.1:9 cannot be used"):
        ingest(tmp_path, "a", ["README.md"], url=vectors_url(settings))


def test_a_database_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path, vectors_url="postgresql://shop:hunter2@127.0.0.1:9/shop")
    with pytest.raises(RetrievalError, match=r"shop:\*\*\*@127.0.0.1:9/shop cannot be used"):
        open_collection(tmp_path, "a", url=vectors_url(settings))


def test_the_shops_own_postgresql_is_used_when_it_has_pgvector(tmp_path: Path, postgres_url: str) -> None:
    assert vectors_url(load_settings(data=tmp_path, database_url=postgres_url)) == postgres_url
    assert vectors_url(load_settings(data=tmp_path, database_url=postgres_url, vectors_url="embedded")) is None
    assert vectors_url(load_settings(data=tmp_path)) is None


@pytest.mark.parametrize("url", ["mysql://host/shop", "sqlite:///a.db", "somewhere"])
def test_a_url_that_keeps_no_vectors_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"SHOPBOT_VECTORS_URL is .* write embedded, http://host:port"):
        load_settings(vectors_url=url)
