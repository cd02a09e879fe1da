"""SHOPBOT_PROMPTS: a shop's own wording, path by path."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from shopbot.apps.cli import app
from shopbot.prompts import load_text, render
from shopbot.shop.settings import SettingsError, load_settings
from shopbot.shop.shop import open_shop


@pytest.fixture
def own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "words" / "shopbot" / "welcome.j2"
    file.parent.mkdir(parents=True)
    file.write_text("Ahoy from {{ shop.name }}!")
    monkeypatch.setenv("SHOPBOT_PROMPTS", str(tmp_path / "words"))


def test_a_command_speaks_them_and_the_rest_is_as_shipped(own_words: None, shop_folder: Path) -> None:
    said = CliRunner().invoke(app, ["chat"], input="")
    assert said.exit_code == 0, said.output
    assert "Ahoy from Harbor & Pine!" in said.output
    assert load_text("shopbot/system.j2")


def test_they_end_with_the_shop_that_brought_them(own_words: None, shop_folder: Path) -> None:
    with open_shop(load_settings()) as shop:
        assert render("shopbot/welcome.j2", shop=shop.profile, resumed=False).startswith("Ahoy")
        profile = shop.profile
    assert not render("shopbot/welcome.j2", shop=profile, resumed=False).startswith("Ahoy")


def test_a_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPBOT_PROMPTS", "/no/such/words")
    with pytest.raises(SettingsError, match=r"^SHOPBOT_PROMPTS is .*/no/such/words.*: there is no such folder"):
        load_settings()
