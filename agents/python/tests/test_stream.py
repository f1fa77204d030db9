"""Server-sent events in pieces of any size, within bounds; and the waits between streams."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc_agent.stream import Event, EventParser, Reconnect, StreamError


def parse(data: bytes) -> list[Event]:
    """All events of ``data``, given at once."""
    return EventParser().feed(data)


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"data: a\n\n", [Event("message", b"a")]),
        (b"event: x\ndata:a\ndata\ndata: b\n\n", [Event("x", b"a\n\nb")]),
        (
            b"id: 7\ndata: a\n\ndata: b\n\n",
            [Event("message", b"a", "7"), Event("message", b"b", "7")],
        ),
        (b"id: 7\n\ndata: b\n\n", [Event("message", b"b", "7")]),
        (b"id: \x00\ndata: b\n\n", [Event("message", b"b", "")]),
        (b": a comment\nevent: x\n\ndata: b\n\n", [Event("message", b"b")]),
        (
            b"\xef\xbb\xbfdata: a\r\n\r\ndata: b\r\rdata: c\n\n",
            [Event("message", c) for c in (b"a", b"b", b"c")],
        ),
        (b"data:  two spaces\n\n", [Event("message", b" two spaces")]),
        (b"unknown: x\ndata: a\n\n", [Event("message", b"a")]),
        (b"data: cut off", []),
        (b"data: cut off\n", []),
    ],
)
def test_events(data: bytes, events: list[Event]) -> None:
    """Events are read as the specification of server-sent events has them."""
    assert parse(data) == events


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from([b"data: a", b"event: x", b"id: 1", b"", b":", b"data"]), max_size=12),
    st.lists(st.sampled_from([b"\n", b"\r", b"\r\n"]), min_size=12, max_size=12),
    st.lists(st.integers(1, 5), min_size=1, max_size=60),
)
def test_pieces_do_not_matter(lines: list[bytes], ends: list[bytes], sizes: list[int]) -> None:
    """Cut anywhere, also between CR and LF, the stream brings the same events."""
    data = b"".join(line + end for line, end in zip(lines, ends, strict=False)) + b"data: z\n\n"
    whole = parse(data)
    parser, at, events = EventParser(), 0, []
    while at < len(data):
        size = sizes[at % len(sizes)]
        events += parser.feed(data[at : at + size])
        at += size

    assert events == whole


def test_retry_is_kept() -> None:
    """The server's advice is read in milliseconds; nonsense is ignored."""
    parser = EventParser()
    parser.feed(b"retry: 1500\nretry: soon\nretry: 99999999999\n")

    assert parser.retry == 1500


@pytest.mark.parametrize("data", [b"data: " + b"x" * 100 + b"\n", b"x" * 101, b"data: a\n" * 60])
def test_endless_lines_and_events_are_refused(data: bytes) -> None:
    """A peer cannot make the agent keep more than it allows."""
    with pytest.raises(StreamError, match="bytes"):
        EventParser(max_line=100, max_event=100).feed(data)


def test_a_long_line_in_small_pieces_is_cheap() -> None:
    """What was searched once is not searched again: a megabyte in small pieces takes no time."""
    parser = EventParser()
    events = parser.feed(b"data: ")
    for _ in range(16_000):
        events += parser.feed(b"x" * 64)
    events += parser.feed(b"\n\n")

    assert len(events[0].data) == 64 * 16_000


class TestReconnect:
    """Full jitter, doubling, at most 30 s."""

    @pytest.mark.conformance("reconnect-jitter")
    def test_the_bound_doubles_up_to_thirty_seconds(self) -> None:
        """The wait is a uniform share of min(30 s, 0.5 s * 2^n)."""
        schedule = Reconnect()

        waits = [schedule.next_wait(1.0) for _ in range(9)]

        assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
        assert schedule.next_wait(0.0) == 0.0
        assert schedule.next_wait(0.5) == 15.0

    @pytest.mark.conformance("reconnect-jitter")
    def test_a_steady_stream_starts_anew(self) -> None:
        """Only a stream that lived for ten seconds forgives the failures before it."""
        schedule = Reconnect()
        for _ in range(4):
            schedule.next_wait(1.0)
        schedule.lived(9.9)
        flapping = schedule.next_wait(1.0)
        schedule.lived(10.0)

        assert (flapping, schedule.next_wait(1.0)) == (8.0, 0.5)

    @pytest.mark.conformance("drain")
    def test_the_servers_advice_counts_once_and_jitter_comes_on_top(self) -> None:
        """The longest advice is obeyed for one wait, and never for more than five minutes."""
        schedule = Reconnect()
        schedule.postpone(7.0)
        schedule.postpone(3.0)

        assert schedule.next_wait(1.0) == 7.5
        assert schedule.next_wait(1.0) == 1.0
        schedule.postpone(1e9)
        assert schedule.next_wait(0.0) == 300.0
