"""How many connections a process takes, and what it says when there are more."""

import logging
import resource

import pytest

from configsvc.agentgate.capacity import RESERVED_FILES, Connections, connection_capacity
from configsvc.agentgate.counters import Counters
from configsvc.agentgate.exchange import Outlet
from configsvc.agentgate.http import Response


class Line:
    """A connection that notes what it is told."""

    peer_host = "127.0.0.1"

    def __init__(self) -> None:
        self.retired = False

    def answer(self, response: Response) -> None:
        """See `Wire`."""

    def hand_over(self, head: bytes, outlet: Outlet) -> None:
        """See `Wire`."""

    def write(self, data: bytes) -> None:
        """See `Wire`."""

    def retire(self) -> None:
        """See `Wire`."""
        self.retired = True

    def close(self) -> None:
        """See `Wire`."""

    def abort(self) -> None:
        """See `Wire`."""


def test_full_is_told_once_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Everybody turned away is counted, and the log is not flooded."""
    counters = Counters()
    connections = Connections(1, counters)
    assert connections.add(Line()) is None
    with caplog.at_level(logging.ERROR):
        refusals = [connections.add(Line()) for _ in range(5)]
    assert {refusal.status for refusal in refusals if refusal} == {503}
    assert counters["connections_turned_away"] == 5
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "turning agents away"
    ]


def test_room_after_a_connection_ended() -> None:
    """What ended takes no room; ending twice is harmless."""
    connections = Connections(1, Counters())
    line = Line()
    connections.add(line)
    connections.discard(line)
    connections.discard(line)
    assert connections.add(Line()) is None


def test_all_are_retired() -> None:
    """A stop reaches every connection."""
    connections, lines = Connections(5, Counters()), [Line(), Line()]
    for line in lines:
        connections.add(line)
    connections.retire()
    assert all(line.retired for line in lines)


def test_capacity_follows_the_open_file_limit(caplog: pytest.LogCaptureFixture) -> None:
    """More than the limit allows is not promised, and the log says so."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert connection_capacity(10) == 10
    assert connection_capacity(None) == hard - RESERVED_FILES
    with caplog.at_level(logging.WARNING):
        assert connection_capacity(hard) == hard - RESERVED_FILES
    assert "fewer connections than wanted" in caplog.text
