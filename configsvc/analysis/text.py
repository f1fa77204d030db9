"""Quantities in messages: with units, short, and never longer than the reader needs."""

from math import ceil, inf, isinf

from configsvc.model.quantities import format_duration, format_share

_UNITS = ((60_000_000, "m"), (1_000_000, "s"), (1_000, "ms"), (1, "us"))


def span(microseconds: float) -> str:
    """A length of time as a decimal with one unit: ``54s``, ``1.25s``; ``no limit`` for infinity.

    Two minutes and more keep the form of documents (``2m30s``).
    """
    if isinf(microseconds):
        return "no limit"
    whole = round(microseconds)
    if whole >= 120_000_000:  # noqa: PLR2004 - two minutes
        return format_duration(round(whole, -3))
    size, unit = next(((s, u) for s, u in _UNITS[1:] if whole >= s), (1, "us"))
    return "0s" if whole == 0 else f"{decimal(whole / size)}{unit}"


def written(microseconds: float) -> str:
    """A length of time as a document writes it, rounded down to milliseconds if it has any."""
    whole = int(microseconds)
    return format_duration(whole - whole % 1_000 if whole >= 1_000 else whole)  # noqa: PLR2004


def written_up(microseconds: float) -> str:
    """A length of time as a document writes it, rounded up to milliseconds."""
    return format_duration(ceil(microseconds / 1_000) * 1_000)


def share(ppm: float) -> str:
    """Parts per million as a percentage."""
    return "all" if isinf(ppm) else format_share(round(ppm))


def decimal(number: float) -> str:
    """A number with at most three significant decimals, infinity as such."""
    if number == inf:
        return "infinitely many"
    if number >= 1_000:  # noqa: PLR2004 - thousands need no decimals
        return f"{number:,.0f}"
    return f"{number:.3f}".rstrip("0").rstrip(".")


def rate(per_second: float) -> str:
    """Events per second: ``50/s``."""
    return f"{decimal(per_second)}/s"


def count(number: float, noun: str) -> str:
    """A number of things: ``1 attempt``, ``4 attempts``."""
    return f"{decimal(number)} {noun}{'' if number == 1 else 's'}"


def listed(words: tuple[str, ...] | list[str] | frozenset[str]) -> str:
    """Words as a person lists them: ``a, b and c``; none are ``nothing``."""
    items = sorted(words) if isinstance(words, frozenset) else list(words)
    if len(items) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(items) or "nothing"
    return f"{', '.join(items[:-1])} and {items[-1]}"


def yes_no(flag: object) -> str:
    """A flag as documents write it."""
    return "true" if flag else "false"
