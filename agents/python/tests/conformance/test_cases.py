"""The list of conformance cases in the protocol and the tests that show them agree."""

from __future__ import annotations

import re
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_PROTOCOL = _TESTS.parents[1] / "PROTOCOL.md"
_AGAINST_THE_SERVER = _TESTS.parents[2] / "tests" / "agentgate"
_MARK = re.compile(r"mark\.conformance\(\s*\"([a-z-]+)\"\s*\)")
_ROW = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)


def test_every_case_is_shown_and_every_mark_is_a_case() -> None:
    """No case without a test, no test for a case that nobody wrote down."""
    _, found, section = _PROTOCOL.read_text().partition("\n## Conformance\n")
    assert found
    folders = _TESTS, _AGAINST_THE_SERVER
    texts = [path.read_text() for folder in folders for path in folder.rglob("test_*.py")]
    marked = {name for text in texts for name in _MARK.findall(text)}

    assert marked == set(_ROW.findall(section))
