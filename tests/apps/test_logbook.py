"""What goes wrong inside is written to a log file; the terminal belongs to the conversation."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import Spoken, is_one_sentence

from shopbot.apps.failures import explained
from shopbot.apps.logbook import keep_log, log_file
from shopbot.prompts import load_data
from shopbot.shop.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", log_level="INFO")


def test_a_failing_engine_is_an_apology_and_a_log_entry(
    shop_folder: Path, tmp_path: Path, chat_json: Callable[..., Spoken]
) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("- fail: the model is on fire\n- say: Hello!\n")
    spoken = chat_json(b"hello\nhello\n", engine=f"script:{script}")
    assert [line["reply"] for line in spoken.lines] == [load_data("agent/says.yaml")["broken"], "Hello!"]
    assert spoken.err == ""
    assert "the model is on fire" in (shop_folder / "log" / "shopbot.log").read_text()


def test_records_threads_and_warnings_go_to_the_file(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError("in a thread")

    with keep_log(settings), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        logging.getLogger("anything").info("a record")
        logging.getLogger("anything").debug("too fine")
        warnings.warn("a warning", stacklevel=1)
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    written = log_file(settings).read_text()
    assert all(words in written for words in ("a record", "a warning", "in a thread"))
    assert "too fine" not in written
    assert capfd.readouterr() == ("", "")


def test_a_fault_of_the_program_is_one_sentence_that_names_the_log(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        with keep_log(settings):
            raise KeyError("surprise\nwith two lines")

    assert explained(command) == 1
    error = capfd.readouterr().err
    assert is_one_sentence(error)
    assert str(log_file(settings)) in error
    assert "surprise" in log_file(settings).read_text()


def test_a_log_that_cannot_be_written_stops_nothing(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    log_file(settings).mkdir(parents=True)
    with keep_log(settings):
        logging.getLogger("anything").error("nowhere to go")
    assert capfd.readouterr() == ("", "")


def test_a_full_disk_prints_nothing_whoever_logs(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    log_file(settings).parent.mkdir(parents=True)
    log_file(settings).symlink_to("/dev/full")
    other = logging.FileHandler("/dev/full")
    logging.getLogger("other").addHandler(other)
    with keep_log(settings):
        logging.getLogger("other").error("no room")
    logging.getLogger("other").removeHandler(other)
    with suppress(OSError):
        other.close()
    assert capfd.readouterr() == ("", "")


def test_the_log_is_closed_with_the_conversation(settings: Settings) -> None:
    before = list(logging.getLogger().handlers), threading.excepthook
    with keep_log(settings):
        pass
    assert (list(logging.getLogger().handlers), threading.excepthook) == before
