"""The real `shopbot` as a program: signals, pipes, neighbours, and what it loads."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import RETURN_JEANS, SHOPBOT, is_one_sentence, start
from sqlalchemy import create_engine


def test_help_loads_nothing_heavy() -> None:
    heavy = [
        "langchain",
        "langchain_core",
        "chromadb",
        "sqlalchemy",
        "dbos",
        "onnxruntime",
        "numpy",
        "openai",
        "jinja2",
    ]
    code = (
        "import sys, atexit; sys.argv = ['shopbot', '--help']; from shopbot.apps.__main__ import main\n"
        f"atexit.register(lambda: print(sorted(set({heavy}) & set(sys.modules)), file=sys.stderr)); main()"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert shown.stderr == "[]\n"
    assert all(command in shown.stdout for command in ("chat", "demo", "reset", "search", "doctor"))


def test_a_wrong_setting_leaves_with_a_code_and_one_sentence(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPBOT_CARRIER_PORT", "abc")
    done = subprocess.run([SHOPBOT, "chat", "--json"], input=b"hello\n", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert is_one_sentence(done.stderr.decode())


def test_two_programs_in_one_folder_take_one_return(shop_folder: Path) -> None:
    programs = [start("chat", "--json") for _ in range(2)]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write(RETURN_JEANS)
        program.stdin.flush()
    spoken = [program.communicate(timeout=120) for program in programs]
    assert [program.returncode for program in programs] == [0, 0]
    assert [err for _, err in spoken] == [b"", b""]
    assert all(len(out.splitlines()) == 2 for out, _ in spoken)
    engine = create_engine(f"sqlite:///{shop_folder / 'shop.db'}")
    with engine.connect() as connection:
        statement = "SELECT count(*) FROM returns WHERE order_number = '123456'"
        assert connection.exec_driver_sql(statement).scalar_one() == 1
    engine.dispose()
    assert len(list((shop_folder / "mail" / "new").iterdir())) == 1


def test_a_reader_that_stops_listening_ends_it_quietly(shop_folder: Path) -> None:
    with start("chat", "--json") as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdin.write(b"hello\n")
        program.stdin.flush()
        assert json.loads(program.stdout.readline())["reply"]
        program.stdout.close()
        program.stdin.write(b"hello\nhello\n")
        program.stdin.close()
        assert program.wait(60) > 0
        assert program.stderr.read() == b""


@pytest.mark.parametrize("form", [["--json"], []])
def test_ctrl_c_ends_it_quietly_and_the_conversation_is_kept(form: list[str], shop_folder: Path) -> None:
    with start("chat", "--thread", "kept", *form) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdin.write(b"I want to return the jeans\n")
        program.stdin.flush()
        while b"order number" not in program.stdout.readline():
            pass
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == (130 if form else 0)
        assert program.stderr.read() == b""
