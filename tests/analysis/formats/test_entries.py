"""How far an entry of a line reaches."""

import pytest

from configsvc.analysis.formats import Spot
from configsvc.analysis.formats.entries import entry_end


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("  attempts: 4  # generous", "attempts: 4"),
        ("spec: {target: {to: stock}, attempt: 2s, overall: 6s}", "target: {to: stock}"),
        ("spec: {target: {to: stock}, attempt: 2s, overall: 6s}", "attempt: 2s"),
        ("spec: {target: {to: stock}, attempt: 2s, overall: 6s}", "overall: 6s"),
        ("  backoff: {base: 1s,", "base: 1s"),
        ("  backoff: {base: 1s,", "backoff: {base: 1s,"),
        ("    max: 60s}", "max: 60s"),
        ('  "attempts": 4,', '"attempts": 4'),
        ("  retryOn: [connect, '5xx, #', \"a]\"]", "'5xx, #'"),
        ("  reason: one, two and#3", "reason: one, two and#3"),
        ("  reason: it's late  # why", "reason: it's late"),
        ("  reason: 'open", "reason: 'open"),
        ("- name: buy", "name: buy"),
        ("  x: é, ü", "x: é, ü"),
    ],
)
def test_entry_ends_where_the_next_begins(line: str, entry: str) -> None:
    """Separators count inside brackets, comments outside of quotes."""
    start = line.index(entry)

    assert line[start : entry_end(line, start)] == entry


def test_spot_is_never_empty() -> None:
    """Something can be underlined also where the line is not at hand, or shorter than it was."""
    assert Spot("a", 1, 5).end == 6
    assert Spot("a", 1, 5, "x").end == 6
