"""What every test has: its own data folder, no settings from outside, and, on request, a real PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy.engine import make_url

from benchmarks.scale.database import postgres

_KEPT = "SHOPBOT_EXTERNAL_DATA"
# How long an example takes says more about the machine than about the code.
# In CI every change is judged by the same examples; new ones are looked for on developers' machines.
settings.register_profile("shopbot", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("shopbot")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files marked `long` first; for the rest the order stays."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own data folder; settings of whoever runs the tests do not reach them."""
    for name in list(os.environ):
        if name.startswith(("SHOPBOT_", "OPENAI_")) and name != _KEPT:
            monkeypatch.delenv(name)
    folder = tmp_path / "data"
    monkeypatch.setenv("SHOPBOT_DATA", str(folder))
    monkeypatch.setattr("shopbot.prompts._overrides", [])
    return folder


@pytest.fixture(scope="session")
def external_data() -> Path:
    """Folder of the public data sets that some tests read; they are not part of the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get(_KEPT, beside))
    if not folder.is_dir():
        pytest.skip(f"the public data sets are not in {folder}; name their folder in {_KEPT}")
    return folder


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a real PostgreSQL that lives as long as the test run."""
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(postgres(durable=False)).url
        except Exception as error:
            pytest.skip(f"PostgreSQL cannot start here: {type(error).__name__}: {error}")
        yield make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def new_postgres_url(postgres_url: str) -> Callable[[], str]:
    """Makes an empty database at every call; all go when the server goes."""

    def make() -> str:
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture
def fresh_postgres_url(new_postgres_url: Callable[[], str]) -> str:
    """URL of an empty database of the test's own."""
    return new_postgres_url()
