"""Virtual environments for trying the package as a stranger has it: made of what is installed here, no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("three_actions.py")
SAID = "Room 4. [('booking', 1), ('room', 4)]\n"
"""What the program prints."""


def copy_sources(target: Path) -> Path:
    """The files of the repository that git knows or would take, links as links."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("git does not list the files here: this is no checkout")
    for name in listed.stdout.decode().split("\0"):
        source, copied = ROOT / name, target / name
        if name and os.path.lexists(source):
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copied, follow_symlinks=False)
    return target


def build_wheel(sources: Path, folder: Path) -> Path:
    """The wheel of `sources`, built with the setuptools that is installed here."""
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(sources))
    return next(folder.glob("*.whl"))


class Environment:
    """A virtual environment; `run` starts its Python."""

    def __init__(self, folder: Path) -> None:
        if not folder.exists():
            venv.create(folder, symlinks=True, with_pip=False)
        self.python = folder / "bin" / "python"
        self.packages = next((folder / "lib").glob("python*")) / "site-packages"

    def run(self, *arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python with `arguments` in `folder`, with no variable of ours but `variables`."""
        clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables}
        command = [self.python, *arguments]
        return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)

    def add_wheel(self, wheel: Path) -> None:
        """Install `wheel` without what it depends on."""
        self.install("--no-deps", "--no-index", "--no-compile", "--force-reinstall", str(wheel))

    def install(self, *arguments: str) -> None:
        """Run `pip install` for this environment, with the pip that is installed here."""
        pip(sys.executable, "--python", str(self.python), "install", *arguments)

    def add_installed(self, requirements: Iterable[str]) -> None:
        """Put what satisfies `requirements`, and what that needs, here, as links to the files that are installed."""
        for distribution in closure(requirements):
            for file in distribution.files or ():
                if file.parts[0] not in ("..", "__pycache__") and "__pycache__" not in file.parts:
                    place = self.packages / file
                    place.parent.mkdir(parents=True, exist_ok=True)
                    if not place.exists():
                        place.symlink_to(Path(str(distribution.locate_file(file))).resolve())

    def see_everything_installed(self) -> None:
        """Let it import whatever is installed here, after its own."""
        paths = "\n".join(path for path in sys.path if path.endswith("site-packages"))
        (self.packages / "zz_installed.pth").write_text(paths + "\n")


def closure(requirements: Iterable[str]) -> Iterator[metadata.Distribution]:
    """The distributions that `requirements` name and those that they need, as installed here.

    Raises:
        PackageNotFoundError: one is not installed.
    """
    waiting = [Requirement(each) for each in requirements]
    seen: set[tuple[str, str]] = set()
    found: dict[str, metadata.Distribution] = {}
    while waiting:
        wanted = waiting.pop()
        for extra in ("", *wanted.extras):
            if (wanted.name, extra) in seen:
                continue
            seen.add((wanted.name, extra))
            found[wanted.name] = distribution = found.get(wanted.name) or metadata.distribution(wanted.name)
            needed = (Requirement(each) for each in distribution.requires or ())
            waiting += [each for each in needed if each.marker is None or each.marker.evaluate({"extra": extra})]
    yield from found.values()


def base_requirements(wheel: Path) -> list[str]:
    """What the wheel needs when no extra is asked for."""
    (distribution,) = metadata.distributions(path=[str(wheel)])
    every = [Requirement(each) for each in distribution.requires or ()]
    return [str(each) for each in every if each.marker is None or each.marker.evaluate({"extra": ""})]


def pip(python: str | Path, *arguments: str) -> None:
    """Run pip, or fail with what it says."""
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
