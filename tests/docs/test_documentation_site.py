"""The documentation builds as a site, without a warning and without a request to another server."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NEEDED = ("mkdocs", "material", "mkdocstrings")
_MISSING = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
_LOADED = re.compile(
    r"""<(?:img|script|iframe|source)\b[^>]*\ssrc=["']?(?:https?:)?//|<link\b[^>]*href=["']?https?://"""
)

pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"the site needs {', '.join(_MISSING)}: `make docs` installs it")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_every_page_of_the_documentation_is_there(site: Path) -> None:
    pages = [file.relative_to(ROOT / "docs").with_suffix(".html") for file in (ROOT / "docs").rglob("*.md")]
    assert [
        page for page in [Path("index.html"), Path("contributing.html"), *pages] if not (site / page).is_file()
    ] == []


def test_no_page_loads_anything_from_another_server(site: Path) -> None:
    loading = {file.name: _LOADED.findall(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")}
    assert {name: found for name, found in loading.items() if found} == {}
    styles = "".join(file.read_text(encoding="utf-8") for file in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import\s*)[\"']?https?://", styles) == []
    pictures = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "docs" / "pictures").glob("*.svg"))
    assert re.findall(r"url\([\"']?https?://|href=[\"']https?://", pictures) == []


def test_no_chart_needs_a_script_that_the_site_does_not_have(site: Path) -> None:
    assert [file.name for file in site.rglob("*.html") if 'class="mermaid"' in file.read_text(encoding="utf-8")] == []


def test_the_reference_is_made_from_the_code(site: Path) -> None:
    expected = {
        "shopbot": "create_shopbot",
        "tools": "idempotency key",
        "commands": "shopbot optimize distil",
        "settings": "SHOPBOT_EASYPOST_API_KEY",
        "errors": "AgentError",
    }
    for page, words in expected.items():
        assert words in (site / "reference" / f"{page}.html").read_text(encoding="utf-8")


def test_the_test_behind_a_promise_can_be_read_on_the_site(site: Path) -> None:
    promises = (site / "explanation" / "promises.html").read_text(encoding="utf-8")
    assert "../source/tests/agents/test_gate.py.html" in promises
    name = re.findall(r"def (test_\w+)", (ROOT / "tests" / "agents" / "test_gate.py").read_text(encoding="utf-8"))[0]
    assert name in (site / "source" / "tests" / "agents" / "test_gate.py.html").read_text(encoding="utf-8")
