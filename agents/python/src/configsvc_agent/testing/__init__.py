"""For the tests of services: an agent without a server, and a clock without time.

::

    clock = Clock()
    given = bundle("player-engine", {"score-engine": {"get-score": {"timeout": {...}}}})
    agent = FakeAgent("player-engine", given, clock=clock)
    ...
    clock.advance(5)             # an open breaker lets its probe through
    clock.run(main())            # an event loop in which nothing is waited for

With pytest, the fixtures ``configsvc_agent`` and ``configsvc_clock`` are there by themselves.
"""

from configsvc_agent.testing._agent import FakeAgent
from configsvc_agent.testing._clock import Clock
from configsvc_agent.testing._documents import BundleLike, bundle

__all__ = ["BundleLike", "Clock", "FakeAgent", "bundle"]
