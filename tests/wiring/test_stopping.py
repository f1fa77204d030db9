"""A process that is told to stop knows it at once, whatever it is doing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from configsvc.wiring.stopping import Stopping


@contextmanager
def handlers_given_back() -> Iterator[None]:
    """Handlers as they were, afterwards."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_told_and_stay_told(number: signal.Signals) -> None:
    """Once told, no wait waits."""
    with handlers_given_back():
        stopping = Stopping()
        assert not stopping.wait(0)
        os.kill(os.getpid(), number)
        assert stopping.wait(30)
        assert stopping.wait(30)


def test_many_signals_block_nobody() -> None:
    """A full pipe is as good as one signal."""
    with handlers_given_back():
        stopping = Stopping()
        for _ in range(100_000):
            stopping._told(signal.SIGTERM, None)
        assert stopping.wait(0)
