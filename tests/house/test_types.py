"""What an editor and a type checker see of the package, from outside, in an editable install."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from environments import Environment, copy_sources

pytestmark = pytest.mark.long
OUTSIDE = """\
from shopbot import create_agent, create_shopbot
from shopbot.agents.newcomer import ANSWER
from shopbot.engines import ScriptedEngine

doubled: int = ANSWER * 2
wrong: str = ANSWER
reveal_type(create_agent)
"""

MYPY = """\
[mypy]
strict = true
[mypy-langchain.*,langchain_core.*,langgraph.*,langsmith.*,pydantic.*,opentelemetry.*]
follow_imports = skip
[mypy-torch.*,transformers.*,sentence_transformers.*,peft.*,onnx.*,onnxscript.*,numpy.*,huggingface_hub.*]
follow_imports = skip
[mypy-openai.*,mcp.*,easypost.*,sqlalchemy.*,psycopg.*,sqlglot.*,cryptography.*,aiohttp.*,rich.*]
follow_imports = skip
"""
"""Without the skipped packages mypy reads for minutes; what is asked about are our types."""


@pytest.fixture(scope="module")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The repository installed as `pip install -e .` does; afterwards a file is added to `agents/`."""
    folder = tmp_path_factory.mktemp("editable")
    sources = copy_sources(folder / "repository")
    environment = Environment(folder / "venv")
    environment.see_everything_installed()
    environment.install("--no-deps", "--no-build-isolation", "--no-index", "--editable", str(sources))
    (sources / "agents" / "newcomer.py").write_text("ANSWER: int = 42\n")
    return environment


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A stranger's typed file, with one mistake in it."""
    file = tmp_path / "outside.py"
    file.write_text(OUTSIDE)
    return file


def test_a_new_file_is_there_without_a_new_installation(editable: Environment, tmp_path: Path) -> None:
    done = editable.run("-c", "from shopbot.agents.newcomer import ANSWER; print(ANSWER)", folder=tmp_path)
    assert (done.stdout, done.stderr) == ("42\n", "")


def test_mypy_finds_the_types(editable: Environment, outside: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    (outside.parent / "mypy.ini").write_text(MYPY)
    command = [sys.executable, "-m", "mypy", "--python-executable", str(editable.python), outside.name]
    found = subprocess.run(command, cwd=outside.parent, capture_output=True, text=True, check=False).stdout
    errors = [line for line in found.splitlines() if ": error:" in line]
    assert len(errors) == 1, found
    assert errors[0].startswith('outside.py:6: error: Incompatible types in assignment (expression has type "int"')
    assert "actions: typing.Iterable[shopbot.tools.action.Action]" in found


def test_pyright_finds_the_types(editable: Environment, outside: Path) -> None:
    pytest.importorskip("basedpyright", reason="basedpyright is not installed")
    (outside.parent / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    command = [
        sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", str(editable.python), str(outside)
    ]  # fmt: skip
    done = subprocess.run(command, cwd=outside.parent, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert [each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"] == [6], found
    (revealed,) = [each["message"] for each in found if each["severity"] == "information"]
    assert "(engine: BaseChatModel | str, actions: Iterable[Action]" in revealed
