"""The time left survives the wire, and nonsense on it is ignored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.python.tests.engine.policies import RANDOM
from configsvc_agent.engine.deadline import (
    LONGEST,
    earliest,
    from_grpc_header,
    from_http_header,
    grpc_header,
    http_header,
)


@RANDOM
@given(st.integers(1, LONGEST))
def test_http_header_never_promises_more_than_is_left(left: int) -> None:
    """Whole milliseconds, rounded down, but never 0: that would mean no limit."""
    received = from_http_header(http_header(left))
    assert received is not None
    assert received <= max(left, 1000)
    assert left - received < 1000


@RANDOM
@given(st.integers(1, LONGEST))
def test_grpc_header_never_promises_more_than_is_left(left: int) -> None:
    """Microseconds while eight digits hold them, else milliseconds."""
    received = from_grpc_header(grpc_header(left))
    assert received is not None
    assert 0 <= left - received < 1000


@pytest.mark.parametrize(
    "value", ["", "0", "-1", "1.5", "1e3", " 5", "5 ", "5ms", "3600001", "99999999999", "٣"]
)
def test_malformed_or_distant_http_deadline_is_ignored(value: str) -> None:
    """Only whole milliseconds from 1 to an hour count."""
    assert from_http_header(value) is None


@pytest.mark.parametrize("value", ["", "0S", "5", "5s", "123456789m", "2H", "1.5S", "-1S", "٣S"])
def test_malformed_or_distant_grpc_deadline_is_ignored(value: str) -> None:
    """Only one to eight digits with a unit, up to an hour, count."""
    assert from_grpc_header(value) is None


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("1H", LONGEST),
        ("2M", 120_000_000),
        ("3S", 3_000_000),
        ("4m", 4_000),
        ("5u", 5),
        ("6000n", 6),
    ],
)
def test_grpc_units_are_understood(value: str, left: int) -> None:
    """Hours to nanoseconds."""
    assert from_grpc_header(value) == left


def test_earliest_takes_the_first_and_none_for_never() -> None:
    """A missing deadline is later than any other."""
    assert earliest(5, None, 3) == 3
    assert earliest(None, None) is None
