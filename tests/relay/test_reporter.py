"""What a relay tells of its agents."""

from typing import cast

import pytest

from configsvc.fleet import AgentRow
from configsvc.relay import Reporter, Upstream, UpstreamError
from configsvc.relay.reporter import AGAIN
from tests.relay.upstreams import FakeUpstream


class Site:
    """Agents, a clock, and a reporter that a test runs by hand."""

    def __init__(self, count: int) -> None:
        self.now = 0.0
        self.rows = [AgentRow("prod", "score", f"i-{n}", "s", 0, 0) for n in range(count)]
        self.upstream = FakeUpstream()
        upstream = cast("Upstream", self.upstream)
        self.stream = 1
        self.reporter = Reporter(upstream, lambda: self.rows, lambda: self.now, lambda: self.stream)


def test_only_what_differs_is_told() -> None:
    """All at first, then the one that moved, then nobody."""
    site = Site(120)
    assert site.reporter.report() == 120
    site.rows[7].version = 2
    assert site.reporter.report() == 1
    assert site.upstream.rows[-1]["instance"] == "i-7"
    assert site.reporter.report() == 0


def test_everything_is_told_again_now_and_then() -> None:
    """An upstream that was started anew knows nothing."""
    site = Site(3)
    site.reporter.report()
    site.now = AGAIN
    assert site.reporter.report() == 3


def test_everything_is_told_again_on_a_new_stream() -> None:
    """The upstream took the end of the former one for the end of the relay."""
    site = Site(3)
    site.reporter.report()
    site.stream = 2
    assert site.reporter.report() == 3
    assert site.reporter.report() == 0


def test_what_was_not_told_is_told_later() -> None:
    """Nothing is lost while the upstream is away."""
    site = Site(3)
    site.upstream.away = True
    with pytest.raises(UpstreamError):
        site.reporter.report()
    site.upstream.away = False
    assert site.reporter.report() == 3
