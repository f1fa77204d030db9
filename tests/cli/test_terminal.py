"""What is written to a terminal: rows, and the text of others."""

import pytest

from configsvc.cli.terminal import shown, write_table


def test_text_of_others_tells_the_terminal_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A reason or a message is shown as it is, without a line or a command of its own."""
    write_table(("who", "message"), [("ann", "a\nb \x1b[2J\x9b1m \u2603")], empty="")

    assert capsys.readouterr().out.splitlines()[1] == r"ann  a\nb \x1b[2J\x9b1m \u2603".replace(
        r"\u2603", "\u2603"
    )


def test_plain_text_stays() -> None:
    """Only control characters are escaped."""
    assert shown(r"a\b 'c' \u00e9") == r"a\b 'c' \u00e9"
