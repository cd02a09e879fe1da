"""The settings of a shop: environment variables `SHOPBOT_*`, checked once, each with its default.

A wrong value raises `SettingsError`: one sentence that names the variable, the value and what is allowed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shopbot.encryption import PLAIN, Seal
from shopbot.shop.errors import ShopError

_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")


class SettingsError(ShopError):
    """A `SHOPBOT_*` variable holds a value that cannot be used."""


class Settings(BaseSettings):
    """Everything a shop may set. All state lives under `data` unless a URL says otherwise."""

    model_config = SettingsConfigDict(env_prefix="SHOPBOT_", env_ignore_empty=True, extra="ignore")

    data: Path = Field(Path("~/.shopbot"), description="folder that holds all state")
    engine: str = Field(
        "planner",
        description="what reasons: planner, learned:FOLDER, openai:MODEL, PROVIDER:MODEL, llama:MODEL, react:SPEC, "
        "cascade:SPEC,SPEC, script:FILE",
    )
    engine_timeout_s: float = Field(
        60.0, gt=0, le=600, description="seconds to wait for a hosted model, or for the next piece of its stream"
    )
    stream: Literal["auto", "on", "off"] = Field(
        "auto", description="hosted answers as streams: auto when somebody reads along, on always, off never"
    )
    traces: Path | None = Field(
        None, description="file that every decision is written to, personal data masked (.jsonl, or .jsonl.gz)"
    )
    database_url: str | None = Field(
        None, description="order database, a SQLAlchemy URL; a PostgreSQL keeps conversations and workflows as well"
    )
    fulfilment_url: str | None = Field(None, description="database of the durable workflows")
    vectors_url: str | None = Field(
        None,
        description="where search keeps collections: embedded (under data), http://host:port of a `chroma run` server, "
        "or postgresql://… with pgvector; by default the shop's PostgreSQL if it has pgvector, else embedded",
    )
    reranker: Path | None = Field(
        None, description="folder of a cross-encoder (model.onnx, tokenizer.json) that ranks what search finds again"
    )
    easypost_api_key: SecretStr | None = Field(
        None, description="EasyPost key; without one the sandbox carrier is used"
    )
    carrier_url: str | None = Field(None, description="base URL of an EasyPost-compatible carrier")
    carrier_port: int = Field(0, ge=0, le=65535, description="port of the sandbox carrier; 0 picks a free one")
    carrier_timeout_s: float = Field(10.0, gt=0, le=120, description="seconds to wait for the carrier")
    smtp_url: str | None = Field(
        None, description="smtp://user:password@host:port; without one, mail goes to a maildir"
    )
    fulfilment_wait_s: float = Field(
        8.0,
        ge=0,
        le=120,
        description="seconds a reply waits for the label before it says that it is on its way",
    )
    verify: bool = Field(
        False,
        description="check a generative engine's answers from the policies by a chain of verification (up to five more "
        "model calls)",
    )
    cascade_thresholds: Path | None = Field(
        None, description="file of a cascade's thresholds, as `shopbot optimize cascade` writes it"
    )
    prompts: Path | None = Field(None, description="folder whose files replace those in `prompts/`, path by path")
    policies: Path | None = Field(None, description="folder of Markdown documents to answer from")
    rules: Path | None = Field(None, description="folder with the shop's own `returns.yaml`")
    shop: Path | None = Field(None, description="file with the shop's own name, address and contacts")
    transcripts_key: SecretStr | None = Field(
        None,
        description="encrypts what is said, at rest: a Fernet key, or several with commas between, the newest first",
    )
    keep_days: int | None = Field(
        None, ge=1, description="days after which `shopbot tidy` forgets a conversation; by default none is forgotten"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("WARNING", description="what is logged to data/log")

    @field_validator("data", "traces", "cascade_thresholds", "prompts", "policies", "rules", "shop")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else None

    @field_validator("prompts")
    @classmethod
    def _is_folder(cls, value: Path | None) -> Path | None:
        if value and not value.is_dir():
            raise ValueError("there is no such folder")
        return value

    @field_validator("cascade_thresholds")
    @classmethod
    def _is_file(cls, value: Path | None) -> Path | None:
        if value and not value.is_file():
            raise ValueError("there is no such file")
        return value

    @field_validator("reranker")
    @classmethod
    def _is_reranker(cls, value: Path | None) -> Path | None:
        missing = [
            name for name in ("model.onnx", "tokenizer.json") if value and not (value.expanduser() / name).is_file()
        ]
        if missing:
            raise ValueError(f"there is no {missing[0]} in that folder")
        return value and value.expanduser().absolute()

    @field_validator("transcripts_key")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            _seal_of(value)
        except ValueError:
            raise ValueError(
                "not a Fernet key; make one: python -c 'from cryptography.fernet import Fernet;"
                " print(Fernet.generate_key().decode())'"
            ) from None
        return value

    @field_validator("vectors_url")
    @classmethod
    def _is_vector_store(cls, value: str | None) -> str | None:
        if value in (None, "embedded") or re.match(r"https?://[^/\s]+", value or ""):
            return value
        backend = _backend_of(value or "") or "neither a URL nor 'embedded'"
        if backend != "postgresql":
            raise ValueError(
                "write embedded, http://host:port of a Chroma server, or postgresql://user:password@host/shop"
            )
        return value

    @field_validator("database_url", "fulfilment_url")
    @classmethod
    def _is_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        backend = _backend_of(value)
        if backend is None:
            raise ValueError("not a database URL; for example postgresql+psycopg://user:password@host/shop")
        if backend not in ("sqlite", "postgresql"):
            raise ValueError(f"the database is {backend!r}; sqlite and postgresql are supported")
        return value

    @property
    def seal(self) -> Seal:
        """What conversations are encrypted with at rest."""
        return _seal_of(self.transcripts_key)

    @property
    def shop_database_url(self) -> str:
        """The order database: the one configured, else a SQLite file under `data`."""
        return self.database_url or _sqlite_url(self.data / "shop.db")

    @property
    def workflow_database_url(self) -> str:
        """Where DBOS keeps workflow state: the one configured, else the shop's PostgreSQL, else SQLite."""
        return self.fulfilment_url or self.postgres_url or _sqlite_url(self.data / "fulfilment.db")

    @property
    def conversations(self) -> Path | str:
        """Where conversations are kept: the URL of the shop's PostgreSQL, else a SQLite file under `data`."""
        return self.postgres_url or self.data / "conversations.db"

    @property
    def postgres_url(self) -> str | None:
        """The PostgreSQL that keeps everything; None for a shop of files under `data`."""
        return self.database_url if self.database_url and _backend_of(self.database_url) == "postgresql" else None


def load_settings(**overrides: object) -> Settings:
    """Read the environment; `overrides` (from the command line) win.

    Raises:
        SettingsError: names every variable that cannot be used, its value and what is allowed.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(" ".join(_sentence(dict(problem)) for problem in error.errors())) from None


def secrets_of(settings: Settings) -> set[str]:
    """The secret values among the settings: keys, and passwords in URLs."""
    from shopbot.engines.recording.redaction import secrets_in

    given = {name: value for name, value in settings if value is not None}
    plain = {n: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for n, v in given.items()}
    return set(secrets_in(plain))


def _seal_of(keys: SecretStr | None) -> Seal:
    return Seal([key.strip() for key in keys.get_secret_value().split(",")]) if keys else PLAIN


def _backend_of(url: str) -> str | None:
    """The kind of database that `url` names; None when it is no URL."""
    # Imported where it is needed: a search of documents takes half as long without SQLAlchemy.
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).get_backend_name()
    except ArgumentError:
        return None


def _sqlite_url(file: Path) -> str:
    """A URL for `file`, whatever characters its path has."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)


def _sentence(problem: dict[str, object]) -> str:
    location = problem["loc"]
    name = str(location[0]) if isinstance(location, tuple) and location else "?"
    reason = str(problem["msg"]).removeprefix("Value error, ")
    is_secret = "SecretStr" in str(Settings.model_fields[name].annotation) if name in Settings.model_fields else False
    given = "***" if is_secret else _PASSWORD.sub(r"\1***@", repr(problem["input"]))
    return f"SHOPBOT_{name.upper()} is {given}: {reason}."
