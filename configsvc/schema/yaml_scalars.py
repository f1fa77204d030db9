"""The core schema of YAML 1.2: what a plain scalar means."""

import re

from configsvc.schema import limits

Scalar = bool | int | float | str | None

NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_START = frozenset("+-.0123456789")
_BASES = {"0o": 8, "0x": 16}
_DIGITS = len(str(limits.INTEGER))


def scalar(text: str) -> Scalar:
    """A plain scalar's value: ``on``, ``yes`` and ``012`` are what they look like.

    Raises:
        ValueError: a number that is infinite, none at all, or beyond what every reader keeps exact.
    """
    if text[:1] in _NUMBER_START:
        return _number(text)
    if text in NULL:
        return None
    return _BOOLEANS.get(text, text)


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FRACTION.fullmatch(text):
        return _checked(float(text), text)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that a document can hold: write a finite one")
    return text


def _integer(text: str) -> int | float:
    if len(text.lstrip("+-0")) > _DIGITS + 6:
        raise ValueError(_unsafe(text))
    base = _BASES.get(text[:2], 10)
    return _checked(int(text[2:] if base != 10 else text, base), text)  # noqa: PLR2004 - decimal has no prefix


def _checked(number: float, text: str) -> int | float:
    if not -limits.INTEGER <= number <= limits.INTEGER:
        raise ValueError(_unsafe(text))
    return int(number) if number == int(number) else number


def _unsafe(text: str) -> str:
    return f"{text[:40]} is {limits.UNSAFE_NUMBER}"
