"""Log lines: readable for programs or people, and without a token's secret."""

import json
import logging
import sys

import pytest

from configsvc.settings import Settings
from configsvc.wiring import logs
from configsvc.wiring.logs import JsonLines, TextLines

SECRET = "a" * 32
TOKEN = f"cfg_{'b' * 16}_{SECRET}"


def record(message: str, *, error: Exception | None = None, **extra: object) -> logging.LogRecord:
    """A record as a logger makes it, at a fixed time."""
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("configsvc.x", logging.INFO, "f", 1, message, (), info)
    made.created, made.process = 1_767_225_600.25, 7
    vars(made).update(extra)
    return made


def test_json_line_has_every_field() -> None:
    """Time, level, logger, process and what the caller added are members of one object."""
    line = JsonLines("operator").format(record("done", status=200))

    assert json.loads(line) == {
        "time": "2026-01-01T00:00:00.250Z",
        "level": "info",
        "logger": "configsvc.x",
        "process": "operator",
        "pid": 7,
        "message": "done",
        "status": 200,
    }


def test_exception_stays_on_one_json_line() -> None:
    """A traceback is a member, so that one event is one line."""
    line = JsonLines("operator").format(record("failed", error=ValueError("why")))

    assert "\n" not in line
    assert json.loads(line)["exception"] == "ValueError: why"


def test_text_line_is_for_people() -> None:
    """The same facts in one line, with the traceback below."""
    line = TextLines("agents").format(record("failed", error=ValueError("why"), status=1))

    assert line == (
        "2026-01-01T00:00:00.250Z INFO    agents[7] configsvc.x: failed status=1\nValueError: why"
    )


@pytest.mark.parametrize("form", [JsonLines, TextLines])
def test_secret_of_a_token_is_never_written(form: type[logging.Formatter]) -> None:
    """Wherever a token shows up, in message, field or exception, only its id is written."""
    made = record(f"got {TOKEN}", error=ValueError(TOKEN), header=f"Bearer {TOKEN}")
    line = form("operator").format(made)

    assert SECRET not in line
    assert line.count(f"cfg_{'b' * 16}_...") == 3


@pytest.mark.parametrize("rest", [SECRET[:-1], f"{SECRET}=x", f"{SECRET}2"])
def test_mistyped_token_is_not_written_either(rest: str) -> None:
    """A token that was cut off, or that has something behind it, is still most of a secret."""
    line = TextLines("operator").format(record(f"got cfg_{'b' * 16}_{rest}"))

    assert "a" * 8 not in line


def test_text_of_others_begins_no_line() -> None:
    """What a peer sent is shown escaped: it forges no line and moves no cursor."""
    made = record("GET /a\nb", reason="no\r\x1b[2J\x9b1m\u2028 room")

    assert (
        TextLines("agents")
        .format(made)
        .endswith(r"configsvc.x: GET /a\nb reason=no\r\x1b[2J\x9b1m\u2028 room")
    )


def test_set_up_writes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines below the level are left out, warnings of Python are lines too."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        logs.set_up(Settings.load({"log_level": "warning"}), "serve")
        logging.getLogger("configsvc.x").info("quiet")
        logging.getLogger("configsvc.x").warning("loud")
        lines = capsys.readouterr().err.splitlines()
    finally:
        logging.captureWarnings(capture=False)
        for handler in list(root.handlers):
            root.removeHandler(handler)
        for handler in before:
            root.addHandler(handler)
        root.setLevel(level)

    assert [json.loads(line)["message"] for line in lines] == ["loud"]
    assert sys.stderr is not None
