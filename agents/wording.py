"""What the agent itself says and listens for: files under `prompts/agent/`, never strings in code."""

from __future__ import annotations

from prompts import load_data


def load_words(name: str) -> dict[str, str]:
    """A word list under `prompts/words/`: word -> what it stands for."""
    return {str(word).casefold(): str(meaning) for word, meaning in load_data(f"words/{name}.yaml").items()}
