"""The settings of the server: environment variables `SHOPBOT_SERVE_*`, and its secret."""

from __future__ import annotations

import ipaddress
import os
import secrets
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shopbot.shop.settings import SettingsError

SHORTEST_SECRET = 32


class ServeSettings(BaseSettings):
    """What `shopbot serve` may be told besides the shop's own settings; lists are separated by commas."""

    model_config = SettingsConfigDict(env_prefix="SHOPBOT_SERVE_", env_ignore_empty=True, extra="ignore")

    secret: SecretStr | None = Field(
        None, description="what signs sessions and links, 32 characters or more; needed on any address but loopback"
    )
    hosts: str = Field("", description="names that the server answers to besides loopback, separated by commas")
    origins: str = Field("", description="pages that may open the widget, as https://shop.example, separated by commas")
    proxies: str = Field("", description="addresses of proxies whose X-Forwarded-For is believed")
    rate: int = Field(240, ge=0, description="messages and new conversations a minute from one address; 0: no limit")

    chatwoot_url: str | None = Field(None, pattern="^https?://", description="where your Chatwoot is")
    chatwoot_token: SecretStr | None = Field(None, description="the access token of the agent bot in Chatwoot")
    chatwoot_secret: SecretStr | None = Field(None, description="what signs the agent bot's webhooks")

    imap_url: SecretStr | None = Field(
        None,
        description="imaps://user:password@host:993/INBOX, the mailbox to answer; replies go by SHOPBOT_SMTP_URL",
    )
    imap_every_s: float = Field(15, gt=0, description="seconds between two looks into the mailbox")
    mail_address: str | None = Field(None, description="the address that customers write to; by default the shop's")

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins of `origins`."""
        return frozenset(_split(self.origins))

    def allowed_hosts(self, host: str) -> frozenset[str]:
        """Host names that a request may name, when the server is bound to `host`."""
        return frozenset({"localhost", "127.0.0.1", "[::1]", host.lower(), *_split(self.hosts.lower())})


def load_serve_settings() -> ServeSettings:
    """Read the environment.

    Raises:
        SettingsError: names every variable that cannot be used, and what is allowed.
    """
    try:
        return ServeSettings()  # type: ignore[call-arg]  # they come from the environment
    except ValidationError as error:
        named = [
            f"SHOPBOT_SERVE_{str(each['loc'][0]).upper()} cannot be used: {each['msg']}." for each in error.errors()
        ]
        raise SettingsError(" ".join(named)) from None


def _split(listed: str) -> list[str]:
    return [each.strip().rstrip("/") for each in listed.split(",") if each.strip()]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that is bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def secret_for(host: str, settings: ServeSettings, data: Path) -> str:
    """What signs sessions and links; on loopback one that is made once and kept in the data folder.

    Raises:
        SettingsError: `host` can be reached from elsewhere and no secret is set, or the one set is too short.
    """
    given = settings.secret.get_secret_value() if settings.secret else ""
    if given and len(given) < SHORTEST_SECRET:
        raise SettingsError(
            f"SHOPBOT_SERVE_SECRET has {len(given)} characters: give at least {SHORTEST_SECRET}, for example those "
            'that `python -c "import secrets; print(secrets.token_urlsafe(48))"` prints.'
        )
    if given:
        return given
    if not is_loopback(host):
        raise SettingsError(
            f"The address {host} can be reached from other machines, and SHOPBOT_SERVE_SECRET is not set: set it to "
            'what `python -c "import secrets; print(secrets.token_urlsafe(48))"` prints, or serve on 127.0.0.1.'
        )
    return _kept_secret(data / "serve-secret")


def _kept_secret(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = file.read_text(encoding="ascii")
        if len(kept) >= SHORTEST_SECRET:
            return kept
        file.unlink()  # cut short while it was written
        return _kept_secret(file)
    made = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(made)
    return made
