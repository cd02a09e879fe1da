"""`shopbot backup`: a copy of a shop in files that is a data folder itself, taken while the shop is at work.

What is copied later may know more than what was copied earlier, never less, so the order matters: first what was said,
then what was agreed and done, then the orders, then the files that they name. A return that the copied conversation
does not know of yet is found by its key when the customer asks again; the other way round it would be lost. Workflows
are not needed: unfinished returns are taken up from the order database.

A shop in PostgreSQL is dumped by `pg_dump`, in one snapshot, beside the files.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from shopbot.apps.settings import command_settings
from shopbot.postgres_url import libpq_url
from shopbot.shop.errors import ShopError
from shopbot.shop.settings import Settings

CARRIER = "carrier/carrier.db"
DATABASES = ("serve.db", "conversations.db", "agent.db", "shop.db", CARRIER)
"""The SQLite files, in the order in which they are copied."""
FOLDERS = ("labels", "mail", "carrier", "collections", "tenants")
FILES = ("serve-accounts.json", "serve-secret")
DUMP = "shop.dump"


class NotBackedUp(ShopError):
    """There is no copy, or not a whole one."""


def run_backup(*, data: Path | None, folder: Path) -> int:
    """Copy the shop into a folder that is new or empty; returns the exit code.

    Raises:
        NotBackedUp: the folder has something in it, or something cannot be copied.
    """
    settings = command_settings(data=data)
    if folder.exists() and any(folder.iterdir()):
        raise NotBackedUp(f"{folder} is not empty: name a new folder, one for each copy.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copied = [_dump(settings, folder)] if settings.postgres_url else []
    # Beside a PostgreSQL the sandbox carrier's ledger is the only file; any other is from before a move.
    copied += _copy_databases(settings.data, folder, (CARRIER,) if settings.postgres_url else DATABASES)
    copied += _copy_files(settings.data, folder)
    print(f"In {folder}: {', '.join(copied)}")
    return 0


def _copy_databases(data: Path, folder: Path, names: Sequence[str]) -> list[str]:
    found = [name for name in names if (data / name).exists()]
    for name in found:
        (folder / name).parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(data / name)) as old, closing(sqlite3.connect(folder / name)) as new:
            old.backup(new)
    return found


def _dump(settings: Settings, folder: Path) -> str:
    command = ["pg_dump", "--format=custom", f"--file={folder / DUMP}", libpq_url(settings.postgres_url or "")]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 -- of our own making
    except FileNotFoundError:
        raise NotBackedUp("pg_dump is not on the PATH: install PostgreSQL's client programs.") from None
    except subprocess.CalledProcessError as error:
        raise NotBackedUp(f"pg_dump failed: {error.stderr.strip().splitlines()[-1]}") from None
    return DUMP


def _copy_files(data: Path, folder: Path) -> list[str]:
    copied = []
    for name in FOLDERS:
        if (data / name).is_dir():
            ignored = shutil.ignore_patterns("*.db", "*.db-wal", "*.db-shm", ".*.draft", "tmp")
            shutil.copytree(data / name, folder / name, ignore=ignored, dirs_exist_ok=True)
            copied.append(name)
    for name in FILES:
        if (data / name).is_file():
            shutil.copy2(data / name, folder / name)
            copied.append(name)
    return copied
