"""`shopbot demo` plays a return to its label in a shop of its own, whatever shop the settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopbot.apps.demo import run_demo


def test_the_demo_ends_with_a_label_and_touches_nothing_of_the_users(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOPBOT_DATABASE_URL", f"sqlite:///{tmp_path / 'own.db'}")
    monkeypatch.setenv("SHOPBOT_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("SHOPBOT_CARRIER_URL", "http://127.0.0.1:1/v2")
    assert run_demo(data=None, engine=None, script="return") == 0
    out, err = capfd.readouterr()
    assert out.startswith("Opening the demo shop ...")
    assert "[returns#" in out
    label = Path(out.partition("Label:")[2].split()[0])
    letter = Path(out.partition("E-mail:")[2].split()[0])
    assert label.read_bytes().startswith(b"%PDF")
    assert label.is_relative_to(data_folder / "demo")
    assert letter.is_file()
    assert not (tmp_path / "own.db").exists()
    assert err == ""
