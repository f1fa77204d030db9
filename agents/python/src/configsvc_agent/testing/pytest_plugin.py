"""Fixtures for services that test with pytest; found by pytest through the distribution.

Everything is imported when a fixture is first used: a test run that uses none pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from configsvc_agent.testing import Clock, FakeAgent


@pytest.fixture
def configsvc_clock() -> Clock:
    """A clock that stands still until the test moves it."""
    from configsvc_agent.testing import Clock  # noqa: PLC0415  see above

    return Clock()


@pytest.fixture
def configsvc_agent(configsvc_clock: Clock) -> Iterator[Callable[..., FakeAgent]]:
    """Make a :class:`FakeAgent` under ``configsvc_clock``: ``configsvc_agent("svc", bundle)``."""
    from configsvc_agent.testing import FakeAgent  # noqa: PLC0415  see above

    made: list[FakeAgent] = []

    def make(*args: object, **options: object) -> FakeAgent:
        agent = FakeAgent(*args, **{"clock": configsvc_clock, **options})  # type: ignore[arg-type]
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.stop()
