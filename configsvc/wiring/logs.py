"""Log lines on standard error: JSON objects for programs, or text for people."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final

from configsvc.settings import Settings

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET: Final = re.compile(r"(cf[gar]_[a-z2-7]{16})_\w+")
"""A token, also one cut off or with more behind it; its first part may be shown, it names it."""

_CONTROL: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")
"""What would begin a line that nobody wrote, or tell a terminal what to do."""


def set_up(settings: Settings, process: str) -> None:
    """Send every log line of this process to standard error.

    Args:
        settings: give form and level.
        process: what the process is, part of each line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter((JsonLines if settings.log_format == "json" else TextLines)(process))
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    logging.captureWarnings(capture=True)


class _Lines(logging.Formatter):
    """What both forms share: the fields of a line, and that no token leaves the process."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """One line, or for text with an exception several, without the secret part of tokens."""
        return _SECRET.sub(r"\1_...", self.line(record))

    def line(self, record: logging.LogRecord) -> str:
        """The line before tokens are taken out."""
        raise NotImplementedError

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """What the caller added with ``extra=``."""
        return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class JsonLines(_Lines):
    """One JSON object a line."""

    def line(self, record: logging.LogRecord) -> str:
        """See `_Lines.line`."""
        value = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": self._process,
            "pid": record.process,
            "message": record.getMessage(),
            **self.fields(record),
        }
        if record.exc_info:
            value["exception"] = self.formatException(record.exc_info)
        return json.dumps(value, default=str, ensure_ascii=False)


class TextLines(_Lines):
    """One line for people; an exception follows on lines of its own."""

    def line(self, record: logging.LogRecord) -> str:
        """See `_Lines.line`."""
        extra = "".join(f" {name}={value}" for name, value in self.fields(record).items())
        head = f"{_time(record)} {record.levelname:<7} {self._process}[{record.process}]"
        line = _CONTROL.sub(_escaped, f"{head} {record.name}: {record.getMessage()}{extra}")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _escaped(match: re.Match[str]) -> str:
    return repr(match[0])[1:-1]


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
