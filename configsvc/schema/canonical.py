"""Canonical bytes (RFC 8785) and the digest over them: the one place where either is made."""

import re
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson

from configsvc.errors import InputError

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_NEEDS_CARE = re.compile(rb"(?:^|[:,\[])-?[0-9]+[.eE]|[\xf0-\xf4]")
"""A fraction, which ECMAScript may write differently, or a character beyond U+FFFF, which it sorts differently."""

_PLAIN_FROM, _PLAIN_BELOW = 1e-6, 1e21
"""ECMAScript writes numbers of this magnitude without an exponent."""


def canonical(value: Any) -> bytes:
    """``value`` in the form of RFC 8785, in which equal values have equal bytes.

    Raises:
        InputError: ``value`` is not JSON, or has an integer beyond 2^53 - 1.
    """
    try:
        data = orjson.dumps(value, option=_OPTIONS)
        return data if _NEEDS_CARE.search(data) is None else _careful(value).encode()
    except (TypeError, ValueError, UnicodeEncodeError) as exc:
        raise InputError(f"a value has no canonical form: {exc}") from exc


def digest(data: bytes) -> str:
    """SHA-256 of ``data`` in lower-case hexadecimal."""
    return sha256(data).hexdigest()


def _careful(value: Any) -> str:
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_plain(key)}:{_careful(part)}" for key, part in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_careful, value)) + "]"
    return _number(value) if isinstance(value, float) else _plain(value)


def _plain(value: Any) -> str:
    return orjson.dumps(value, option=_OPTIONS).decode()


def _number(value: float) -> str:
    """``value`` as ECMAScript writes it; both choose the shortest digits that read back as the same number."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - how a NaN is told
        raise ValueError(f"{value} is not a JSON number")
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return format(Decimal(repr(abs(value) if value == 0 else value)), "f").removesuffix(".0")
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"
