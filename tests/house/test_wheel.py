"""The wheel as a stranger has it: complete, with the base install alone, and beside packages of the same names."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from environments import PROGRAM, SAID, Environment

ROOMS = ("agents", "apps", "engines", "optimize", "prompts", "shop", "testing", "tools")


def test_every_file_of_the_rooms_is_in_the_wheel(sources: Path, wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    rooms = {f"shopbot/{file.relative_to(sources)}" for room in ROOMS for file in files(sources / room)}
    top = {f"shopbot/{file.name}" for file in (sources / "src" / "shopbot").iterdir() if not file.is_symlink()}
    assert held == rooms | top
    assert "shopbot/py.typed" in held


def test_an_agent_of_three_actions_runs_with_the_base_install_alone(base: Environment, tmp_path: Path) -> None:
    done = base.run(str(PROGRAM), folder=tmp_path)
    assert (done.stdout, done.stderr) == (SAID, "")


def test_a_wrong_setting_of_shopbots_is_nothing_to_an_agent(base: Environment, tmp_path: Path) -> None:
    wrong = {"SHOPBOT_CARRIER_PORT": "abc", "SHOPBOT_ENGINE_TIMEOUT_S": "abc", "SHOPBOT_TRACES": str(tmp_path)}
    done = base.run(str(PROGRAM), folder=tmp_path, **wrong)
    assert (done.stdout, done.stderr) == (SAID, "")


def test_the_base_install_holds_nothing_of_the_shop(base: Environment, tmp_path: Path) -> None:
    optional = ["chromadb", "dbos", "easypost", "onnxruntime", "openai", "psycopg", "reportlab", "sqlalchemy", "sympy"]
    code = f"from importlib.util import find_spec; print([name for name in {optional} if find_spec(name)])"
    assert base.run("-c", code, folder=tmp_path).stdout == "[]\n"


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("from shopbot.tools.retrieval import Retriever", "retrieval"),
        ("from shopbot.engines import make_engine; make_engine('planner')", "learned"),
        ("from shopbot.engines import make_engine; make_engine('cascade:planner,planner')", "learned"),
        ("from shopbot.engines.embedding import Encoder; Encoder().encode(['a'])", "learned"),
        ("from shopbot import create_shopbot; create_shopbot()", "all"),
    ],
)
def test_what_is_not_installed_is_named_with_its_command(
    code: str, extra: str, base: Environment, tmp_path: Path
) -> None:
    last = base.run("-c", code, folder=tmp_path).stderr.splitlines()[-1]
    assert last.startswith("shopbot.errors.MissingExtra: ")
    assert last.endswith(f", which is not installed: pip install 'shopbot[{extra}]'.")


def test_the_command_says_in_a_sentence_what_it_needs(base: Environment, tmp_path: Path) -> None:
    done = base.run("-m", "shopbot.apps", "chat", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("pip install 'shopbot[all]'.\n")


def test_a_project_keeps_its_own_packages_of_our_names(base: Environment, project: Path) -> None:
    own = "import agents, tools\nassert (agents.MINE, tools.MINE) == ('agents', 'tools')\n"
    (project / "program.py").write_text(own + (project / "program.py").read_text())
    done = base.run("program.py", folder=project)
    assert (done.stdout, done.stderr) == (SAID, "")


def files(folder: Path) -> list[Path]:
    """Every file under `folder`, but for what Python leaves behind."""
    return [file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
