"""`shopbot serve` and `shopbot access` as programs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from serving import Running, Visitor

from benchmarks.serve.process import ServerProcess
from shopbot.apps.serve.accounts import ACCOUNTS, Accounts

ROOT = Path(__file__).parents[2]


def shopbot(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shopbot.apps", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)


def visit(port: int) -> Visitor:
    """A customer of the program at that port."""
    return Running(None, f"http://127.0.0.1:{port}").visit()  # type: ignore[arg-type]


def test_what_was_being_answered_when_it_was_killed_is_answered_once(shop_folder: Path) -> None:
    program = ServerProcess(shop_folder)
    program.start()
    visitor = visit(program.port)
    sent = visitor.post("How long do I have to return something?", key="before-the-kill").json()["seq"]
    program.kill()
    program.start()
    assert "30 days" in visitor.wait(sent)["text"]
    assert visitor.post("How long do I have to return something?", key="before-the-kill").json()["seq"] == sent
    assert [entry["speaker"] for entry in visitor.messages()] == ["customer", "bot"]
    for client in visitor.running.clients:
        client.close()
    program.stop()
    assert program.process.returncode == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_does_not_start_on_the_open_net_without_a_secret(data_folder: Path, host: str) -> None:
    done = shopbot("serve", "--host", host, "--port", "0")
    assert done.returncode == 1
    assert "SHOPBOT_SERVE_SECRET is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_named(data_folder: Path, served: Running) -> None:
    done = shopbot("serve", "--port", served.url.rpartition(":")[2])
    assert done.returncode == 1
    assert "cannot be used" in done.stderr


def test_staff_and_keys_are_made_listed_and_removed(data_folder: Path) -> None:
    assert shopbot("access", "staff", "sam", given="a long password\n").returncode == 0
    token = shopbot("access", "key", "report", "--scope", "chat", "--scope", "read").stdout.strip()
    accounts = Accounts(data_folder / ACCOUNTS)
    assert accounts.admits("sam", "a long password")
    key = accounts.key(token)
    assert key is not None
    assert (key.name, key.scopes) == ("report", ("chat", "read"))
    listed = shopbot("access", "list").stdout
    assert "staff  sam" in listed
    assert token not in listed
    shopbot("access", "remove", "report")
    assert Accounts(data_folder / ACCOUNTS).key(token) is None


def test_langgraphs_tools_find_the_agent() -> None:
    named = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))["graphs"]["shopbot"]
    file, _, name = named.partition(":")
    module = importlib.import_module("shopbot." + file.removeprefix("./").removesuffix(".py").replace("/", "."))
    assert callable(getattr(module, name))
