"""`shopbot serve` and `shopbot access` as programs."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from serving import SECRET, Running, Visitor
from starlette.testclient import TestClient

from benchmarks.serve.process import ServerProcess
from shopbot.apps.serve.accounts import ACCOUNTS, Accounts
from shopbot.apps.serve.app import create_app
from shopbot.apps.serve.serve_file import open_serve_file
from shopbot.apps.serve.server import FILE, SCHEMAS, Server
from shopbot.apps.serve.settings import ServeSettings
from shopbot.shop.settings import load_settings

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


def test_it_answers_within_four_seconds_of_processor_time(shop_folder: Path) -> None:
    program = ServerProcess(shop_folder)
    program.start(ready=False)
    used = program.cpu_s
    program.kill()
    assert used < 4


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


@pytest.mark.parametrize(
    ("agent", "words"), [("nope:make", "No module named 'nope'"), ("own:forgetful", "no agent that remembers")]
)
def test_an_agent_that_cannot_be_served_ends_the_program(
    data_folder: Path, tmp_path: Path, agent: str, words: str
) -> None:
    (tmp_path / "own.py").write_text("def forgetful():\n    return object()\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "shopbot.apps", "serve", "--port", "0", "--agent", agent]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_agent_that_could_not_be_opened_leaves_word_where_the_log_is(data_folder: Path) -> None:
    settings = load_settings(data=data_folder, engine="script:no-such-file.yaml")
    with open_serve_file(data_folder / FILE, *SCHEMAS) as file:
        server = Server(settings, ServeSettings(), SECRET, file, host="127.0.0.1", agent=None)
        with TestClient(create_app(server), base_url="http://localhost") as client:
            for _ in range(600):
                said = client.get("/ready").text
                if "could not be opened" in said:
                    break
                time.sleep(0.05)
    assert str(data_folder / "log" / "shopbot.log") in said


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
    # `langgraph dev` calls it in its event loop, where nothing may block.
    assert inspect.iscoroutinefunction(getattr(module, name))
