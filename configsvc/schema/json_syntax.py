"""JSON, strictly: no duplicate keys, no NaN, no integer that others round, bounded depth."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from configsvc.schema import limits
from configsvc.schema.errors import child, shown
from configsvc.schema.syntax import Fault, Parsed, Position, SyntaxFaultError, fault, position_of
from configsvc.schema.values import Json

_DIGITS = len(str(limits.INTEGER))
_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')
_OPENING, _CLOSING, _NEXT, _COLON = ("{", "["), ("}", "]"), ",", ":"
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class _UnsafeNumberError(ValueError):
    """A number that JSON can write but readers do not agree on."""

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__(token)


def parse(text: str) -> Parsed:
    """Read the one value in ``text``.

    Raises:
        SyntaxFaultError: ``text`` is not JSON, or not strict in the sense above.
    """
    duplicates = _Duplicates()
    try:
        value = json.loads(
            text,
            object_pairs_hook=duplicates.build,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as exc:
        raise SyntaxFaultError(_not_json(exc)) from exc
    except _UnsafeNumberError as exc:
        raise SyntaxFaultError(_unsafe_number(text, exc.token)) from exc
    except RecursionError as exc:
        raise SyntaxFaultError(_too_deep((1, 1))) from exc
    if duplicates.seen:
        raise SyntaxFaultError(*_duplicate_keys(text))
    _check_shape(text)
    return Parsed(value, partial(positions, text))


def positions(text: str) -> Mapping[str, Position]:
    """Where each value of a valid JSON text stands, by pointer.

    A member of an object stands at its key, anything else where it begins.
    """
    return {token.pointer: position_of(text, token.offset) for token in _tokens(text)}


class _Duplicates:
    """Builds objects and remembers whether a key was ever written twice."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = False

    def build(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        built = dict(pairs)
        if len(built) != len(pairs):
            self.seen = True
        return built


def _integer(token: str) -> int:
    if len(token) <= _DIGITS + 1:
        number = int(token)
        if -limits.INTEGER <= number <= limits.INTEGER:
            return number
    raise _UnsafeNumberError(token)


def _fraction(token: str) -> int | float:
    """2.0 is the integer 2: canonical JSON writes both alike."""
    number = float(token)
    if not math.isfinite(number) or abs(number) > limits.INTEGER:
        raise _UnsafeNumberError(token)
    return int(number) if number.is_integer() else number


def _constant(token: str) -> NoReturn:
    raise _UnsafeNumberError(token)


def _not_json(exc: json.JSONDecodeError) -> Fault:
    return fault(f"not JSON: {exc.msg[:1].lower()}{exc.msg[1:]}", (exc.lineno, exc.colno))


def _unsafe_number(text: str, token: str) -> Fault:
    found = next((each.start() for each in _TOKEN.finditer(text) if each[0] == token), 0)
    position = position_of(text, found)
    return fault(
        f"{token[:40]} is {limits.UNSAFE_NUMBER}",
        position,
        seen=token[:40],
    )


def _too_deep(position: Position) -> Fault:
    return fault(f"nested deeper than {limits.DEPTH} levels: flatten it", position)


def _duplicate_keys(text: str) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for token in _tokens(text):
        earlier = first.setdefault(token.pointer, token.offset)
        if earlier != token.offset and token.key is not None:
            line = position_of(text, earlier)[0]
            yield fault(
                f"key {shown(token.key)} is written twice, first in line {line}: keep one",
                position_of(text, token.offset),
                pointer=token.pointer,
                seen=token.key,
            )


def _check_shape(text: str) -> None:
    """Refuse depth and lone surrogates; few texts have what is counted first for either."""
    if text.count("{") + text.count("[") > limits.DEPTH:
        for token in _tokens(text):
            if token.depth > limits.DEPTH:
                raise SyntaxFaultError(_too_deep(position_of(text, token.offset)))
    if "\\u" in text:
        _check_surrogates(text)


def _check_surrogates(text: str) -> None:
    for match in _TOKEN.finditer(text):
        token = match[0]
        if "\\u" in token and _SURROGATE.search(json.loads(token)):
            message = limits.LONE_SURROGATE
            raise SyntaxFaultError(
                fault(message, position_of(text, match.start()), seen=token[:40])
            )


@dataclass(slots=True)
class _Token:
    """A value: its pointer, where it (or its key) begins, its depth, and its key in an object."""

    pointer: str
    offset: int
    depth: int
    key: str | None


@dataclass(slots=True)
class _Level:
    """An object or list that is being walked."""

    pointer: str
    is_object: bool
    index: int = 0
    key: str | None = None
    key_offset: int = 0


def _tokens(text: str) -> Iterator[_Token]:
    """Every value of a valid JSON text, in its order."""
    stack: list[_Level] = []
    for match in _TOKEN.finditer(text):
        written = match[0]
        level = stack[-1] if stack else None
        if written in _CLOSING:
            stack.pop()
        elif written == _NEXT:
            _advance(level)
        elif level is not None and level.is_object and level.key is None:
            level.key, level.key_offset = json.loads(written), match.start()
        elif written != _COLON:
            found = _place(level, match.start(), len(stack))
            yield found
            if written in _OPENING:
                stack.append(_Level(found.pointer, is_object=written == _OPENING[0]))


def _advance(level: _Level | None) -> None:
    if level is not None:
        level.index += 1
        level.key = None


def _place(level: _Level | None, offset: int, depth: int) -> _Token:
    if level is None:
        return _Token("", offset, depth + 1, None)
    if level.is_object:
        return _Token(child(level.pointer, level.key or ""), level.key_offset, depth + 1, level.key)
    return _Token(child(level.pointer, level.index), offset, depth + 1, None)
