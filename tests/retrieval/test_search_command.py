"""`shopbot ingest` and `shopbot search` with metadata, filters and tenants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shopbot.apps.ingest import run_ingest
from shopbot.apps.search import run_search
from shopbot.tools.retrieval import RetrievalError

LAMPS = '{"id": 1, "text": "A blue lamp", "price": 12.5}\n{"id": 2, "text": "A red lamp", "price": 30}\n'


@pytest.fixture
def lamps(tmp_path: Path) -> Path:
    (tmp_path / "lamps.jsonl").write_text(LAMPS)
    assert run_ingest([str(tmp_path / "lamps.jsonl")], data=None, collection="lamps", metadata=["room=hall"]) == 0
    return tmp_path / "lamps.jsonl"


def found(capfd: pytest.CaptureFixture[str], *where: str, tenant: str | None = None) -> list[str]:
    capfd.readouterr()
    code = run_search("lamp", data=None, collection="lamps", k=5, as_json=True, where=where, tenant=tenant)
    assert code == 0
    return [json.loads(line)["text"].splitlines()[0] for line in capfd.readouterr().out.splitlines()]


def test_a_search_is_narrowed_by_metadata(lamps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert sorted(found(capfd)) == ["A blue lamp", "A red lamp"]
    assert found(capfd, "price<=20") == ["A blue lamp"]
    assert found(capfd, "price>20", "room=hall") == ["A red lamp"]
    assert found(capfd, "room=kitchen") == []
    assert found(capfd, "id!=1", "source=lamps.jsonl") == ["A red lamp"]


def test_metadata_is_shown(lamps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    run_search("blue", data=None, collection="lamps", k=1, as_json=True)
    assert json.loads(capfd.readouterr().out)["metadata"] == {"id": 1, "price": 12.5, "room": "hall"}


def test_nothing_that_meets_the_conditions_is_said(lamps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    run_search("lamp", data=None, collection="lamps", k=1, as_json=False, where=["room=kitchen"])
    assert capfd.readouterr().out == "Nothing that meets these conditions answers that.\n"


def test_a_tenant_has_collections_of_its_own(lamps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RetrievalError, match="There is no collection 'lamps'"):
        found(capfd, tenant="acme")
    assert run_ingest([str(lamps)], data=None, collection="lamps", tenant="acme") == 0
    assert sorted(found(capfd, tenant="acme")) == ["A blue lamp", "A red lamp"]


def test_metadata_of_another_form_is_named(lamps: Path) -> None:
    with pytest.raises(RetrievalError, match="'hall' is no metadata: write key=value"):
        run_ingest([str(lamps)], data=None, collection="lamps", metadata=["hall"])
