"""Edits of a JSON file: its indentation and the order of its members stay."""

import json
import re
from typing import Any, Final

from configsvc.cli.line_merge import merged

_INDENTED: Final = re.compile(r"^[{\[]\n([ \t]+)")


def json_with_value(text: str, value: Any) -> str:  # noqa: ANN401 any JSON
    """The text with another value, laid out as the one it has."""
    before, after = (_dumped(each, text) for each in (json.loads(text), value))
    lines = merged(text.splitlines(), before, after, lambda _: False)
    return "\n".join(lines) + text[len(text.rstrip()) :]


def _dumped(value: Any, text: str) -> list[str]:  # noqa: ANN401 any JSON
    stripped = text.strip()
    found = _INDENTED.match(stripped)
    indent = found[1] if found else (2 if "\n" in stripped else None)
    return json.dumps(value, indent=indent, ensure_ascii=False).splitlines()
