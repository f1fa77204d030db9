"""Durations, shares and sizes: text with a unit in documents, integers everywhere else."""

import re
from typing import NewType

from configsvc.errors import InputError

Duration = NewType("Duration", int)
"""A length of time in microseconds."""

Share = NewType("Share", int)
"""A part of a whole, or a ratio, in parts per million."""

Size = NewType("Size", int)
"""A size in bytes."""

MICROSECOND = Duration(1)
MILLISECOND = Duration(1_000)
SECOND = Duration(1_000_000)
WHOLE = Share(1_000_000)
"""100 %."""

_DURATION_UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
_SIZE_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_DURATION = re.compile(
    r"(?:(?P<d>[0-9]{1,15})d)?(?:(?P<h>[0-9]{1,15})h)?(?:(?P<m>[0-9]{1,15})m)?"
    r"(?:(?P<s>[0-9]{1,15})s)?(?:(?P<ms>[0-9]{1,15})ms)?(?:(?P<us>[0-9]{1,15})us)?"
)
_SHARE = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,4}))?%")
_SIZE = re.compile(r"([0-9]{1,15})(B|KiB|MiB|GiB)")


class InvalidQuantityError(InputError):
    """Text is not a duration, share or size."""


def parse_duration(text: str) -> Duration:
    """Read ``250ms``, ``2s`` or ``1m30s`` as microseconds; a bare number is refused."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise InvalidQuantityError(
            f"{text[:40]!r} is not a duration: "
            "write a number with a unit, such as '250ms', '2s' or '1m30s'"
        )
    return Duration(
        sum(int(n) * _DURATION_UNITS[unit] for unit, n in match.groupdict().items() if n)
    )


def format_duration(duration: int) -> str:
    """Write microseconds in the shortest exact form: ``1m30s``, ``250ms``, ``0s``."""
    if duration == 0:
        return "0s"
    sign, rest, parts = ("-", -duration, []) if duration < 0 else ("", duration, [])
    for unit in ("d", "h", "m", "s", "ms", "us"):
        count, rest = divmod(rest, _DURATION_UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)


def parse_share(text: str) -> Share:
    """Read ``20%`` or ``0.5%`` as parts per million; at most four decimals."""
    match = _SHARE.fullmatch(text)
    if match is None:
        raise InvalidQuantityError(
            f"{text[:40]!r} is not a share: write a percentage, such as '20%' or '0.5%'"
        )
    whole, decimals = match.groups()
    return Share(int(whole) * 10_000 + int((decimals or "").ljust(4, "0")))


def format_share(share: int) -> str:
    """Write parts per million as a percentage: ``20%``, ``0.5%``."""
    whole, decimals = divmod(share, 10_000)
    return f"{whole}.{decimals:04d}".rstrip("0").rstrip(".") + "%"


def parse_size(text: str) -> Size:
    """Read ``64KiB`` or ``512B`` as bytes."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise InvalidQuantityError(
            f"{text[:40]!r} is not a size: write a number with B, KiB, MiB or GiB, such as '64KiB'"
        )
    return Size(int(match[1]) * _SIZE_UNITS[match[2]])


def format_size(size: int) -> str:
    """Write bytes in the largest unit that is exact."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % _SIZE_UNITS[unit] == 0:
            return f"{size // _SIZE_UNITS[unit]}{unit}"
    return f"{size}B"
