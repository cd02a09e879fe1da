"""Reading YAML as plain values: with libyaml where PyYAML was built with it, which is ten times as fast."""

from __future__ import annotations

from typing import Any


def read_yaml_text(text: str) -> Any:
    """The plain values in a YAML document.

    Raises:
        yaml.YAMLError: it is not YAML; the error names the line.
    """
    import yaml

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (both are safe)
