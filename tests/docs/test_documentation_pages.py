"""README and documentation: their links lead somewhere, their tables are what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate.commands import commands_reference
from docs.generate.links import linked_files, links, rewrite, site_path
from docs.generate.settings import serve_settings_table, settings_table

ROOT = Path(__file__).parents[2]
ROOMS = ("agents", "apps", "engines", "optimize", "prompts", "shop", "testing", "tools")
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = [target for target, _ in links(page.read_text(encoding="utf-8"))]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_nothing_on_a_page_comes_from_another_server(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"!\[[^\]]*\]\(https?://[^)]*\)|<(?:img|script|iframe)[^>]*https?://", text) == []


def test_a_link_to_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"index\.md links to gone\.md, and there is no such file"):
        rewrite("[away](gone.md)", "figures/index.md")


def test_links_point_into_the_site() -> None:
    shown = rewrite("[a](../../tests/conftest.py) [b](consent.md#x) [c](../../README.md)", "explanation/house.md")
    assert shown == "[a](../source/tests/conftest.py.md) [b](consent.md#x) [c](../index.md)"


def test_a_link_in_code_stays_as_it_is() -> None:
    code = "```text\n[a](nowhere.md)\n```\n"
    assert rewrite(code, "index.md") == code


def test_whatever_can_be_reached_has_a_place_of_its_own() -> None:
    places = [site_path(file) for file in linked_files(PAGES)]
    assert len(set(places)) == len(places)


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900


def test_the_readme_has_its_two_commands_and_a_picture() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^make \w+", text, re.MULTILINE) == ["make demo", "make test"]
    assert "](docs/pictures/demo.svg)" in text


def test_every_variable_that_the_code_reads_is_on_the_page_of_settings() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    page += settings_table() + serve_settings_table()
    sources = (file.read_text(encoding="utf-8") for room in ROOMS for file in (ROOT / room).rglob("*.py"))
    named = {name for text in sources for name in re.findall(r"SHOPBOT_[A-Z_]*[A-Z](?![A-Z_])", text)}
    assert sorted(name for name in named if f"`{name}`" not in page) == []


def test_every_setting_says_what_it_sets() -> None:
    rows = [row.split("|") for row in settings_table().splitlines()[2:]]
    assert rows
    assert [row[1] for row in rows if not row[3].strip()] == []


def test_every_option_of_every_command_is_explained() -> None:
    rows = [row.split(" | ") for row in commands_reference().splitlines() if row.startswith("| `")]
    assert len(rows) > 50
    assert [row[0] for row in rows if not row[1].strip()] == []


def test_the_licence_is_the_one_that_is_declared() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0" in licence
    assert licence.rstrip().endswith("limitations under the License.")


def test_a_promise_that_names_no_test_shows_no_link() -> None:
    page = (ROOT / "docs" / "explanation" / "promises.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in page.splitlines() if row.startswith("| ")]
    shown = [row[2] for row in rows if row[0] != "promise"]
    assert len(shown) > 30
    assert [
        cell for cell in shown if cell != "–" and not re.fullmatch(r"\[test_\w+\]\(\S+\)(, \[test_\w+\]\(\S+\))*", cell)
    ] == []
