"""What is slow is loaded ahead, quietly; nothing depends on it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from shopbot.apps.session import open_conversation
from shopbot.apps.warming import warm_up, warming


def test_parts_that_cannot_be_loaded_are_logged_and_nothing_is_printed(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOPBOT_POLICIES", str(shop_folder / "nowhere"))
    (shop_folder / "fulfilment.db").write_bytes(b"no database " * 1000)
    with open_conversation(None, None, "") as conversation:
        warm_up(conversation)
        assert conversation.say("hello").turn.reply
    log = (shop_folder / "log" / "shopbot.log").read_text()
    assert "no Markdown document" in log
    assert "workflow database" in log
    assert capfd.readouterr() == ("", "")


def test_leaving_waits_for_the_part_at_work_and_skips_the_rest(shop_folder: Path) -> None:
    with open_conversation(None, None, "") as conversation:
        with warming(conversation):
            pass
        assert "warming" not in [thread.name for thread in threading.enumerate()]
        assert conversation.say("hello").turn.reply
