"""Durations, shares and sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.model.quantities import (
    InvalidQuantityError,
    format_duration,
    format_share,
    format_size,
    parse_duration,
    parse_share,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [("0s", 0), ("1us", 1), ("250ms", 250_000), ("2s", 2_000_000), ("1m30s", 90_000_000),
     ("1h", 3_600_000_000), ("1d2h3m4s5ms6us", 93_784_005_006), ("90m", 5_400_000_000)],
)  # fmt: skip
def test_a_duration_is_microseconds(text: str, microseconds: int) -> None:
    """Units from days down, each at most once."""
    assert parse_duration(text) == microseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "1.5s",
        "5 s",
        "s",
        "1s1m",
        "1s1s",
        "-1s",
        "5sec",
        "5S",
        "1s\n",
        "none",
        "\u0661s",
        "9" * 5_000 + "s",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    """A bare number is none, and neither are digits of other scripts."""
    with pytest.raises(InvalidQuantityError, match="is not a duration: write a number with a unit"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "millionths"),
    [("0%", 0), ("20%", 200_000), ("0.5%", 5_000), ("0.0001%", 1), ("100%", 1_000_000),
     ("250%", 2_500_000)],
)  # fmt: skip
def test_a_share_is_parts_per_million(text: str, millionths: int) -> None:
    """With at most four decimals, so that none is lost."""
    assert parse_share(text) == millionths


@pytest.mark.parametrize(
    "text", ["", "20", "0.2", "20 %", "%", ".5%", "1.00001%", "-1%", "\u0661%"]
)
def test_what_is_no_share(text: str) -> None:
    """A bare number could be either."""
    with pytest.raises(InvalidQuantityError, match="is not a share: write a percentage"):
        parse_share(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0B", 0), ("512B", 512), ("64KiB", 65_536), ("1MiB", 1 << 20), ("2GiB", 1 << 31)],
)
def test_a_size_is_bytes(text: str, size: int) -> None:
    """In binary units alone."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "64", "64KB", "64kib", "1.5MiB", "-1B", "9" * 5_000 + "B"])
def test_what_is_no_size(text: str) -> None:
    """A kilobyte means different things to different people."""
    with pytest.raises(InvalidQuantityError, match="is not a size: write a number with B, KiB"):
        parse_size(text)


@given(st.integers(0, 10**15))
def test_durations_are_written_as_they_are_read(amount: int) -> None:
    """In the shortest form that is exact."""
    assert parse_duration(format_duration(amount)) == amount


@given(st.integers(0, 10**12))
def test_shares_are_written_as_they_are_read(amount: int) -> None:
    """Up to a million percent."""
    share = amount % 10**10
    assert parse_share(format_share(share)) == share


@given(st.integers(0, 10**15))
def test_sizes_are_written_as_they_are_read(amount: int) -> None:
    """In the largest unit that is exact."""
    assert parse_size(format_size(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0s"),
        (90_000_000, "1m30s"),
        (1_500, "1ms500us"),
        (-250_000, "-250ms"),
        (86_400_000_000, "1d"),
    ],
)
def test_how_a_duration_is_written(amount: int, text: str) -> None:
    """Differences may be negative."""
    assert format_duration(amount) == text
