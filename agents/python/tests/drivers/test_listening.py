"""Listeners cannot harm a call."""

from __future__ import annotations

import logging

import pytest

from agents.python.tests.engine.policies import everything
from agents.python.tests.engine.world import EDGE
from configsvc_agent.drivers import Guard
from configsvc_agent.engine.events import AttemptFinished, AttemptStarted, Event
from configsvc_agent.engine.registry import Machines


def test_listener_hears_every_attempt() -> None:
    """In order."""
    heard: list[Event] = []
    guard = Guard(Machines({EDGE: everything()}), EDGE, listener=heard.append)
    guard.call(int)
    assert [type(each) for each in heard] == [AttemptStarted, AttemptFinished]


def test_listener_that_raises_harms_no_call_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever it raises, the result is the callable's."""

    def broken(event: Event) -> None:
        raise RuntimeError(str(event))

    guard = Guard(Machines({EDGE: everything()}), EDGE, listener=broken)
    with caplog.at_level(logging.ERROR, "configsvc_agent"):
        assert [guard.call(int) for _ in range(3)] == [0, 0, 0]
    assert len(caplog.records) == 1
    assert "the call goes on" in caplog.text
