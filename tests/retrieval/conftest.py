"""One encoder for all tests of retrieval, and folders of small documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.embedding import Encoder

RETURNS = "# Returns\n\n## Window\nYou may return an item within 30 days.\n\n## Fees\nThe label is free.\n"
SHIPPING = "# Shipping\n\n## Cost\nDelivery costs five dollars. Overnight costs twenty.\n"


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
