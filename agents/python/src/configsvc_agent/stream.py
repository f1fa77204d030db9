"""Server-sent events, sans I/O: bytes in, events out; and when to reconnect."""

from __future__ import annotations

import re
from collections.abc import Iterator

from configsvc_agent.errors import AgentError
from configsvc_agent.values import Value

MAX_LINE = (8 << 20) + 1024
"""Longest line in bytes: the largest bundle and its field name."""

MAX_EVENT = MAX_LINE + (64 << 10)
"""Most data of one event in bytes: a bundle and its header."""

STEADY = 10.0
"""Seconds that a stream must have lived for the next failure to count as the first."""

_LONGEST_WAIT = 30.0
_FIRST_WAIT = 0.5
_LONGEST_ADVICE = 300.0
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class StreamError(AgentError):
    """The peer does not send server-sent events within the bounds that an agent accepts."""


class Event(Value):
    """One server-sent event; ``id`` is the last one seen on the stream, empty before the first."""

    kind: str
    data: bytes
    id: str = ""


class EventParser:
    """Takes the bytes of one ``text/event-stream`` in pieces of any size.

    ``retry`` is the last advice of the stream in milliseconds, None before the first.
    """

    def __init__(self, *, max_line: int = MAX_LINE, max_event: int = MAX_EVENT) -> None:
        self._max_line = max_line
        self._max_event = max_event
        self._rest = bytearray()
        self._searched = 0
        self._at_start = True
        self._kind = ""
        self._data: list[bytes] = []
        self._size = 0
        self._id = ""
        self.retry: int | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that ``chunk`` completes, in order.

        Raises:
            StreamError: a line or an event is longer than allowed. The parser is of no use then.
        """
        self._rest += chunk
        events = []
        for line in self._lines():
            event = self._take(line)
            if event is not None:
                events.append(event)
        return events

    def _lines(self) -> Iterator[bytes]:
        """Whole lines received so far; a CR at the very end waits, an LF may follow it."""
        start, rest = 0, self._rest
        while (match := _LINE_END.search(rest, max(start, self._searched))) is not None:
            if match.group() == b"\r" and match.end() == len(rest):
                break
            yield self._line(bytes(rest[start : match.start()]))
            start = match.end()
        del rest[:start]
        self._searched = max(len(rest) - 1, 0)
        if len(rest) > self._max_line:
            raise StreamError(f"a line has more than {self._max_line} bytes")

    def _line(self, line: bytes) -> bytes:
        if len(line) > self._max_line:
            raise StreamError(f"a line has {len(line)} bytes, more than {self._max_line}")
        if self._at_start:
            self._at_start = False
            return line.removeprefix(_BOM)
        return line

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._append(value)
        elif name == b"event":
            self._kind = value.decode(errors="replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        elif name == b"retry" and value.isdigit() and len(value) < 10:  # noqa: PLR2004  11 days
            self.retry = int(value)
        return None

    def _append(self, value: bytes) -> None:
        self._size += len(value) + 1
        if self._size > self._max_event:
            raise StreamError(f"an event has more than {self._max_event} bytes of data")
        self._data.append(value)

    def _dispatch(self) -> Event | None:
        kind, data = self._kind, self._data
        self._kind, self._data, self._size = "", [], 0
        if not data:
            return None
        return Event(kind or "message", b"\n".join(data), self._id)


class Reconnect:
    """How long to wait before the next stream: full jitter, doubling, at most 30 s."""

    def __init__(self) -> None:
        self._failures = 0
        self._postponed = 0.0

    def postpone(self, seconds: float) -> None:
        """Take the server's lower bound for the next wait, at most five minutes.

        The jitter comes on top, so that agents with the same advice do not return together.
        """
        self._postponed = min(max(seconds, self._postponed), _LONGEST_ADVICE)

    def lived(self, seconds: float) -> None:
        """A stream ended that had lived so long: a steady one starts the schedule anew."""
        if seconds >= STEADY:
            self._failures = 0

    def next_wait(self, chance: float) -> float:
        """Seconds until the next try; ``chance`` is uniform in [0, 1)."""
        bound = min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(self._failures, 16)))
        self._failures += 1
        least, self._postponed = self._postponed, 0.0
        return least + chance * bound
