"""What was probably meant: the nearest name, and the quantity behind a wrong unit."""

import difflib
import re
from collections.abc import Collection, Iterator
from functools import cache

from configsvc.model.names import Kind
from configsvc.model.quantities import format_duration, format_share, format_size
from configsvc.schema.files import Schema, json_schema, properties, resolved
from configsvc.schema.values import Json

_CUTOFF = 0.6
_SHORTEST_PART = 2

_MICROSECONDS = {
    "us": 1, "µs": 1, "usec": 1, "micros": 1, "microseconds": 1,
    "ms": 1_000, "msec": 1_000, "msecs": 1_000, "millis": 1_000,
    "millisecond": 1_000, "milliseconds": 1_000,
    "s": 1_000_000, "sec": 1_000_000, "secs": 1_000_000, "second": 1_000_000, "seconds": 1_000_000,
    "m": 60_000_000, "min": 60_000_000, "mins": 60_000_000,
    "minute": 60_000_000, "minutes": 60_000_000,
    "h": 3_600_000_000, "hr": 3_600_000_000, "hrs": 3_600_000_000,
    "hour": 3_600_000_000, "hours": 3_600_000_000,
    "d": 86_400_000_000, "day": 86_400_000_000, "days": 86_400_000_000,
}  # fmt: skip
_BYTES = {
    "": 1, "b": 1, "byte": 1, "bytes": 1,
    "k": 1 << 10, "kb": 1 << 10, "ki": 1 << 10, "kib": 1 << 10,
    "m": 1 << 20, "mb": 1 << 20, "mi": 1 << 20, "mib": 1 << 20,
    "g": 1 << 30, "gb": 1 << 30, "gi": 1 << 30, "gib": 1 << 30,
}  # fmt: skip
_AMOUNT = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([^\s0-9]*)\s*")
_PER_WHOLE = 1_000_000
_PER_PERCENT = 10_000
_MILLISECONDS = 10
"""A bare number from here on is more likely a number of milliseconds than of seconds."""
_EXAMPLE = 200

_NOUNS = {"duration": "a duration", "share": "a share", "size": "a size"}
_LONGEST_NAME = 80


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that ``name`` was probably meant to be."""
    by_plain = {_plain(each): each for each in known}
    plain = _plain(name[:_LONGEST_NAME])
    close = difflib.get_close_matches(plain, by_plain, n=1, cutoff=_CUTOFF)
    if close:
        return by_plain[close[0]]
    parts = [each for each in by_plain if len(plain) >= _SHORTEST_PART and each.endswith(plain)]
    return by_plain[parts[0]] if len(parts) == 1 else None


def elsewhere(kind: Kind, name: str) -> str | None:
    """The dotted path of the only field called ``name`` in another part of ``kind``'s documents."""
    paths = [path for path in _paths(kind) if path.rpartition(".")[2] == name]
    return paths[0] if len(paths) == 1 else None


def quantity(name: str, value: Json) -> tuple[str, str, str | None]:
    """What a value of type ``name`` is called, how it is written, and what ``value`` means."""
    is_amount = isinstance(value, str | int | float) and not isinstance(value, bool)
    meant = _MEANT[name](str(value)) if is_amount else None
    return _NOUNS[name], f"write '{meant}'" if meant else _form(name, value), meant


def _form(name: str, value: Json) -> str:
    if name == "duration":
        count = value if type(value) is int and value > 0 else _EXAMPLE
        unit = "ms" if count >= _MILLISECONDS else "s"
        return f"write a number with a unit, such as '{count}{unit}'"
    if name == "share":
        return "write a percentage, such as '20%'"
    return "write a number with B, KiB, MiB or GiB, such as '64KiB'"


def _meant_duration(text: str) -> str | None:
    amount, unit = _split(text)
    factor = _MICROSECONDS.get(unit)
    return format_duration(round(amount * factor)) if factor else None


def _meant_share(text: str) -> str | None:
    amount, unit = _split(text)
    if unit in ("%", "percent", "pct") or (unit == "" and amount > 1):
        return format_share(round(amount * _PER_PERCENT))
    return format_share(round(amount * _PER_WHOLE)) if unit == "" and 0 < amount < 1 else None


def _meant_size(text: str) -> str | None:
    amount, unit = _split(text)
    factor = _BYTES.get(unit.lower())
    return format_size(round(amount * factor)) if factor else None


_MEANT = {"duration": _meant_duration, "share": _meant_share, "size": _meant_size}


def _split(text: str) -> tuple[float, str]:
    match = _AMOUNT.fullmatch(text)
    return (float(match[1]), match[2]) if match else (0, "?")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


@cache
def _paths(kind: Kind) -> tuple[str, ...]:
    root = json_schema(kind)
    return tuple(_descend(root, root, ""))


def _descend(schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for name, part in properties(schema, root).items():
        inner = f"{path}.{name}" if path else name
        yield inner
        yield from _descend(part, root, inner)
        if isinstance(part.get("items"), dict):
            yield from _descend(resolved(part["items"], root), root, f"{inner}[]")
