"""Values of fields as people read them."""

from typing import Any


def value_text(value: Any) -> str:  # noqa: ANN401 any JSON
    """A JSON value in one line, without the ceremony of JSON; None is a field that is not set."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(value_text, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {value_text(part)}" for name, part in value.items())
    return str(value)
