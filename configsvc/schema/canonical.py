"""Canonical bytes (RFC 8785) and the digest over them: the one place where either is made."""

import re
from decimal import Decimal
from hashlib import sha256

import orjson

from configsvc.errors import InputError
from configsvc.schema.values import Json

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_DIGIT_THEN = re.compile(rb"[0-9][.eE]")
_FRACTION = re.compile(rb"(?:^|[:,\[])-?[0-9]+[.eE]")

_PLAIN_FROM, _PLAIN_BELOW = 1e-6, 1e21
"""ECMAScript writes numbers of this magnitude without an exponent."""


def canonical(value: Json) -> bytes:
    """``value`` in the form of RFC 8785, in which equal values have equal bytes.

    Raises:
        InputError: ``value`` is not JSON, or has an integer beyond 2^53 - 1.
    """
    try:
        data = orjson.dumps(value, option=_OPTIONS)
        return _careful(value).encode() if _needs_care(data) else data
    except (TypeError, ValueError, UnicodeEncodeError) as exc:
        raise InputError(f"a value has no canonical form: {exc}") from exc


def digest(data: bytes) -> str:
    """SHA-256 of ``data`` in lower-case hexadecimal."""
    return sha256(data).hexdigest()


def _needs_care(data: bytes) -> bool:
    """Whether RFC 8785 may write or sort something in ``data`` in another way, or refuse it.

    That is a fraction, a key beyond U+FFFF, or a null, which may have been NaN. The cheap tests
    come first: almost every document fails them.
    """
    if b"null" in data or not data.isascii():
        return True
    return _DIGIT_THEN.search(data) is not None and _FRACTION.search(data) is not None


def _careful(value: Json) -> str:
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_plain(key)}:{_careful(part)}" for key, part in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_careful, value)) + "]"
    return _number(value) if isinstance(value, float) else _plain(value)


def _plain(value: Json) -> str:
    return orjson.dumps(value, option=_OPTIONS).decode()


def _number(value: float) -> str:
    """``value`` as ECMAScript writes it: with the shortest digits that read back the same."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - how a NaN is told
        raise ValueError(f"{value} is not a JSON number")
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return format(Decimal(repr(abs(value) if value == 0 else value)), "f").removesuffix(".0")
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"
