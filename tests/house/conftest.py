"""The wheel, and an environment with what it needs and nothing else."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from environments import PROGRAM, Environment, base_requirements, build_wheel, copy_sources


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, to build and change."""
    return copy_sources(tmp_path_factory.mktemp("sources") / "repository")


@pytest.fixture(scope="session")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("setuptools", reason="setuptools is not installed: nothing builds the wheel")
    return build_wheel(sources, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel with its base install."""
    environment = Environment(tmp_path_factory.mktemp("base") / "venv")
    try:
        environment.add_installed(base_requirements(wheel))
    except PackageNotFoundError as missing:
        pytest.skip(f"{missing.name}, which the base install needs, is not installed here")
    environment.add_wheel(wheel)
    return environment


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A stranger's folder with an agent in it, and packages whose names are those of our folders."""
    for name in ("agents", "tools", "prompts", "engines"):
        (tmp_path / name).mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("MINE = 'agents'\n")
    (tmp_path / "tools" / "__init__.py").write_text("MINE = 'tools'\n")
    (tmp_path / "prompts" / "greeting.txt").write_text("hello\n")  # no package: a folder of data
    shutil.copy(PROGRAM, tmp_path / "program.py")
    return tmp_path
