"""One encoder for all tests of retrieval, folders of small documents, and every kind of place for a collection."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from shopbot.engines.embedding import Encoder
from shopbot.shop.settings import Settings, load_settings

RETURNS = "# Returns\n\n## Window\nYou may return an item within 30 days.\n\n## Fees\nThe label is free.\n"
SHIPPING = "# Shipping\n\n## Cost\nDelivery costs five dollars. Overnight costs twenty.\n"
PLACES = ("embedded", "chroma server", "postgres")


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "returns.md").write_text(RETURNS)
    (folder / "shipping.md").write_text(SHIPPING)
    return folder


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `chroma run` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma-server")
    command = [Path(sys.executable).with_name("chroma"), "run", "--path", folder, "--port", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            if httpx.get(f"{url}/api/v2/heartbeat", trust_env=False).is_success:
                break
        except httpx.HTTPError:
            time.sleep(0.1)
    else:
        pytest.fail(f"chroma run did not start: {(folder / 'log').read_text()}")
    yield url
    server.terminate()
    server.wait(10)


@pytest.fixture(scope="session", params=PLACES)
def new_settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Settings]:
    """Makes settings with an empty data folder of their own, for each kind of place."""
    if request.param == "chroma server":
        url = request.getfixturevalue("chroma_url")
    elif request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        url = "embedded"

    def make() -> Settings:
        return load_settings(data=tmp_path_factory.mktemp("data"), vectors_url=url)

    return make


@pytest.fixture
def settings(new_settings: Callable[[], Settings]) -> Settings:
    return new_settings()


@pytest.fixture
def name() -> str:
    """A collection's name that no other test has: servers outlive a test."""
    return f"test-{uuid.uuid4().hex[:12]}"
