"""Carriers and mail servers misbehave; the return is finished all the same, once, and nobody is told a lie."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from mail_sink import MailSink
from return_shop import ADA, JEANS, ONE_OF_EACH, ORDER, SOCKS, end_state, open_shop, read
from sqlalchemy import select

from shopbot.shop.database.models import OutboxMail, Ticket
from shopbot.shop.fulfilment import Fulfilment, Outcome, steps
from shopbot.shop.mail import SmtpMailer
from shopbot.shop.settings import Settings


def _until_settled(fulfilment: Fulfilment, return_id: int) -> Outcome:
    _until(lambda: fulfilment.status(return_id).settled)
    return fulfilment.status(return_id)


def _until(condition: Callable[[], bool], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _plan(settings: Settings, operation: str, fault: str, times: int = 1) -> None:
    folder = settings.data / "carrier"
    folder.mkdir(exist_ok=True)
    (folder / "faults.json").write_text(f'[{{"operation": "{operation}", "fault": "{fault}", "times": {times}}}]')


def _with(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update=changes)


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("create", "server_error"),
        ("create", "drop_after"),
        ("buy", "server_error"),
        ("buy", "server_error_after"),
        ("buy", "hang_after"),
        ("buy", "drop"),
        ("buy", "drop_after"),
        ("buy", "malformed"),
        ("get", "drop"),
        ("label", "server_error"),
        ("label", "drop"),
    ],
)
def test_a_carrier_that_stumbles_sells_one_label(settings: Settings, operation: str, fault: str) -> None:
    _plan(settings, operation, fault)
    with open_shop(_with(settings, carrier_timeout_s=0.3)) as fulfilment:
        outcome = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
    assert outcome.status == "emailed"
    assert end_state(settings) == ONE_OF_EACH


def test_a_carrier_that_is_down_leaves_the_return_registered(settings: Settings) -> None:
    _plan(settings, "create", "server_error", times=1000)
    with open_shop(_with(settings, fulfilment_wait_s=0.2)) as fulfilment:
        outcome = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
        assert (outcome.status, outcome.tracking_code, outcome.label_file) == ("requested", None, None)
        assert "not issued the label yet" in outcome.detail
    (settings.data / "carrier" / "faults.json").unlink()
    with open_shop(settings) as fulfilment:
        assert _until_settled(fulfilment, outcome.return_id).status == "emailed"
    assert end_state(settings).purchases == 1


def test_a_carrier_that_refuses_fails_the_return_and_keeps_the_reason(settings: Settings) -> None:
    _plan(settings, "create", "refuse")
    with open_shop(settings) as fulfilment:
        outcome = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
        again = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
    (reason,) = read(settings, select(Ticket.reason))
    assert outcome.status == "failed"
    assert reason in outcome.detail
    assert again == outcome
    assert end_state(settings).purchases == 0


def test_a_person_is_told_once_when_a_step_keeps_failing(settings: Settings) -> None:
    _plan(settings, "create", "server_error", times=6)
    with open_shop(settings) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert end_state(settings).tickets == 1


def test_a_mail_server_that_is_down_delays_the_mail_only(settings: Settings) -> None:
    sink = MailSink()
    with sink:
        pass
    mailing = _with(settings, smtp_url=sink.url, fulfilment_wait_s=4)
    with open_shop(mailing) as fulfilment:
        outcome = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
        assert outcome.status == "labelled"
        assert outcome.label_file is not None and outcome.label_file.exists()
        assert "has not been accepted yet" in outcome.detail
        assert "refused" in read(settings, select(OutboxMail.last_error))[0]
        with sink:
            assert _until_settled(fulfilment, outcome.return_id).status == "emailed"
    assert len(sink.accepted) == 1
    assert end_state(settings).unsent == 0


def test_a_mail_server_that_says_no_is_asked_again(settings: Settings, sink: MailSink) -> None:
    sink.behaviour.refuse_recipient = 2
    with open_shop(_with(settings, smtp_url=sink.url)) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert len(sink.accepted) == 1
    assert read(settings, select(OutboxMail.attempts)) == [3]


def test_a_line_dropped_after_data_repeats_the_same_message(settings: Settings, sink: MailSink) -> None:
    sink.behaviour.drop_after_data = 1
    with open_shop(_with(settings, smtp_url=sink.url)) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    first, second = sink.accepted
    assert first.original_content == second.original_content


def test_a_line_dropped_at_quit_repeats_nothing(settings: Settings, sink: MailSink) -> None:
    sink.behaviour.drop_at_quit = True
    with open_shop(_with(settings, smtp_url=sink.url)) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert len(sink.accepted) == 1


def test_a_slow_mail_server_does_not_hold_up_the_reply(settings: Settings, sink: MailSink) -> None:
    sink.behaviour.answers = threading.Event()
    patient = f"smtp://127.0.0.1:{sink.port}?timeout=60"
    with open_shop(_with(settings, smtp_url=patient, fulfilment_wait_s=0.5)) as fulfilment:
        outcome = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
        assert not outcome.settled
        _until(lambda: fulfilment.status(outcome.return_id).status == "labelled")
        assert not sink.accepted
        sink.behaviour.answers.set()
        assert _until_settled(fulfilment, outcome.return_id).status == "emailed"
    assert len(sink.accepted) == 1


def test_a_full_disk_delays_the_label_and_buys_no_second_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _full_disk(3, os.fsync))
    with open_shop(settings) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert end_state(settings) == replace(ONE_OF_EACH, tickets=1)
    assert "No space left" in (settings.data / "log" / "fulfilment.log").read_text()


def test_threads_that_ask_for_the_same_unit_get_one_return(settings: Settings) -> None:
    with open_shop(settings) as fulfilment, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(fulfilment.arrange, ORDER, ADA, {JEANS: 1}, f"chat {n}") for n in range(8)]
        outcomes = {future.result() for future in asked}
    assert len(outcomes) == 1
    assert end_state(settings) == ONE_OF_EACH


def test_threads_that_ask_for_more_than_there_is_get_what_there_is(settings: Settings) -> None:
    with open_shop(settings) as fulfilment, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(fulfilment.arrange, ORDER, ADA, {SOCKS: 1}, f"chat {n}") for n in range(8)]
        returns = {future.result().return_id for future in asked}
    assert len(returns) == 3
    assert end_state(settings).purchases == 3


def test_one_return_waits_while_another_execution_sends_its_mail(
    settings: Settings, sink: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Barrier(2)
    monkeypatch.setattr(SmtpMailer, "send", _announced(SmtpMailer.send, started))
    with open_shop(_with(settings, smtp_url=sink.url, fulfilment_wait_s=0)) as fulfilment:
        outcome = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
        started.wait(10)
        context = fulfilment._context
        with context.working(outcome.return_id):
            steps.send_mail(context, outcome.return_id)
    assert len(sink.accepted) == 1


def test_nothing_is_written_to_the_terminal(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    _plan(settings, "create", "server_error", times=2)
    with open_shop(_with(settings, log_level="INFO")) as fulfilment:
        fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
    assert capfd.readouterr() == ("", "")
    assert "try 2" in (settings.data / "log" / "fulfilment.log").read_text()


def _full_disk(times: int, real: Callable[[int], None]) -> Callable[[int], None]:
    left = [times]

    def fsync(descriptor: int) -> None:
        if left[0] and Path(f"/proc/self/fd/{descriptor}").readlink().parent.name == "labels":
            left[0] -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    return fsync


def _announced(send: Callable[..., None], started: threading.Barrier) -> Callable[..., None]:
    announced = threading.Event()

    def send_and_announce(self: SmtpMailer, message: object) -> None:
        if not announced.is_set():
            announced.set()
            started.wait(10)
        send(self, message)

    return send_and_announce
