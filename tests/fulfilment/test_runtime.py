"""The workflow runtime is launched late, shared, and gone without a trace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from return_shop import ADA, JEANS, ONE_OF_EACH, ORDER, build, end_state, open_shop

from shopbot.shop.errors import DatabaseError
from shopbot.shop.fulfilment.workflow import Closing, _desk_of
from shopbot.shop.settings import Settings


def test_a_shop_without_open_returns_launches_nothing(settings: Settings) -> None:
    with open_shop(settings):
        pass
    assert not (settings.data / "fulfilment.db").exists()


def test_two_open_shops_over_one_folder_share_the_runtime(settings: Settings) -> None:
    with open_shop(settings) as first:
        first.warm()
        with open_shop(settings) as second:
            assert second.warm() is first.warm()
        assert first.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert end_state(settings) == ONE_OF_EACH


def test_a_second_folder_in_one_process_is_served_too(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"data": tmp_path / "other"})
    build(other)
    with open_shop(settings) as first, open_shop(other) as second:
        assert first.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
        assert second.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert (end_state(settings), end_state(other)) == (ONE_OF_EACH, ONE_OF_EACH)


def test_the_second_folder_is_served_when_the_first_is_closed(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"data": tmp_path / "other"})
    build(other)
    with open_shop(other) as second:
        with open_shop(settings) as first:
            first.warm()
        assert second.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert end_state(other) == ONE_OF_EACH


def test_a_shop_that_closed_beside_another_goes_on_when_it_opens_again(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"data": tmp_path / "other", "fulfilment_wait_s": 0.1})
    build(other)
    (other.data / "carrier").mkdir()
    plan = other.data / "carrier" / "faults.json"
    plan.write_text('[{"operation": "create", "fault": "server_error", "times": 100}]')
    with open_shop(settings) as first:
        first.warm()
        with open_shop(other) as second:
            assert second.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "requested"
        plan.unlink()
        with open_shop(other) as second:
            second.linger(20)
    assert end_state(other) == ONE_OF_EACH


def test_nothing_is_tried_again_in_a_shop_that_is_closing(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        fulfilment.warm()
        fulfilment._context.closing.set()  # from here on its pauses end at once
        with pytest.raises(Closing):
            _desk_of(str(settings.data))


def test_a_damaged_workflow_database_is_named_before_anything_is_written(settings: Settings) -> None:
    (settings.data / "fulfilment.db").write_bytes(b"no database" * 1000)
    with open_shop(settings) as fulfilment, pytest.raises(DatabaseError, match="not a database"):
        fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
    assert end_state(settings).returns == []


def test_a_rebuilt_order_database_starts_afresh(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
    _rebuild(settings)
    with open_shop(settings) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert end_state(settings).purchases == 2


def test_work_for_a_return_that_is_gone_is_dropped(settings: Settings) -> None:
    (settings.data / "carrier").mkdir()
    plan = settings.data / "carrier" / "faults.json"
    plan.write_text('[{"operation": "create", "fault": "server_error", "times": 100}]')
    with open_shop(settings.model_copy(update={"fulfilment_wait_s": 0.1})) as fulfilment:
        fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
    plan.unlink()
    _rebuild(settings)
    with open_shop(settings) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert end_state(settings) == ONE_OF_EACH


def test_a_program_ends_quietly_with_a_return_still_open(settings: Settings) -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "from shopbot.shop.settings import Settings\n"
        "from shop_process import arrange_and_leave\n"
        "settings = Settings(data=Path(sys.argv[1]), smtp_url='smtp://127.0.0.1:9', fulfilment_wait_s=0)\n"
        "arrange_and_leave(settings, {17: 1})\n"
        "print('left')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(settings.data), *filter(None, sys.path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")
    assert end_state(settings).returns == ["labelled"]


def _rebuild(settings: Settings) -> None:
    for file in settings.data.glob("shop.db*"):
        file.unlink()
    build(settings)
