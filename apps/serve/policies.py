"""The shop's policies as the assistant has them."""

from __future__ import annotations

from shopbot.shop.settings import Settings


def policy_texts(settings: Settings) -> dict[str, str]:
    """The documents by their names below the folder of policies."""
    from shopbot.tools.shop.policy_index import SHIPPED_DOCUMENTS

    folder = settings.policies or SHIPPED_DOCUMENTS
    files = sorted(folder.glob("**/*.md"))
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in files}
