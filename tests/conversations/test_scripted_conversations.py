"""Customers' conversations through the real stack, judged by what they leave behind: returns in the database, labels
bought at the carrier, letters in the mailbox, tickets. Wording is not judged, except that nothing of an order is said
before its customer is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from judge import play_and_judge
from scripted import Script, read_scripts

pytestmark = pytest.mark.long
SCRIPTS = read_scripts()


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_a_conversation_leaves_behind_what_its_script_says(
    script: Script, shop_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play_and_judge(script, shop_folder, monkeypatch)


def test_the_scripts_are_many_and_distinct() -> None:
    assert len(SCRIPTS) >= 34
    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS)
