"""The file of traces holds whole lines, whoever writes to it and whatever happens to the disk."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from pathlib import Path

import pytest

from shopbot.engines.recording.file import TraceFile
from shopbot.engines.recording.trace_format import AllowedAction, Trace, read_traces

EACH = 25


def trace(name: str, number: int = 0) -> Trace:
    return Trace(name, number, (("User", "é" * 3_000),), (AllowedAction("greet"),), "greet", {"to": name})


def write(path: Path, name: str) -> None:
    file = TraceFile(path)
    for number in range(EACH):
        file.append(trace(name, number))


@pytest.mark.parametrize("name", ["traces.jsonl", "traces.jsonl.gz"])
def test_what_is_written_is_read_back(name: str, tmp_path: Path) -> None:
    file = TraceFile(tmp_path / "new" / name)
    written = [trace("a", 1), trace("b", 2)]
    for one in written:
        file.append(one)
    assert list(read_traces(tmp_path / "new" / name)) == written


def test_threads_and_processes_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=write, args=(path, f"process {n}")) for n in range(2)]
    threads = [threading.Thread(target=write, args=(path, f"thread {n}")) for n in range(3)]
    for worker in [*processes, *threads]:
        worker.start()
    for worker in [*processes, *threads]:
        worker.join()
    assert len(list(read_traces(path))) == EACH * 5


def test_a_full_disk_takes_nothing_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    file = TraceFile(full)
    file._between_processes = threading.Lock()  # type: ignore[assignment]
    with caplog.at_level(logging.WARNING):
        file.append(trace("a"))
        file.append(trace("b"))
    (record,) = caplog.records
    assert "was not recorded in /dev/full (No space left on device)" in record.getMessage()


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    import signal

    path = tmp_path / "traces.jsonl"
    file = TraceFile(path)
    file.append(trace("whole"))
    size = path.stat().st_size
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
        file.append(trace("half"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.stat().st_size == size
    file.append(trace("next"))
    assert [one.conversation for one in read_traces(path)] == ["whole", "next"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    TraceFile(tmp_path / "file" / "traces.jsonl").append(trace("a"))
    assert "record to another file" in caplog.text
