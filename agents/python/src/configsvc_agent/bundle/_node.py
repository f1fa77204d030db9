"""Strict reading of untrusted JSON: a refusal names the place, the value and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import NoReturn

from configsvc_agent.errors import AgentError
from configsvc_agent.values import Value

MAX_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly."""

_SHOWN = 60
_ABSENT = object()


class BundleError(AgentError, ValueError):
    """A bundle that this agent cannot obey.

    ``pointer``: the JSON pointer of the offending value, empty for the whole document.
    ``reason``: what was wrong there, what was seen and what is allowed.
    """

    def __init__(self, reason: str, *, pointer: str = "") -> None:
        self.reason = reason
        self.pointer = pointer
        super().__init__(f"{pointer or 'bundle'}: {reason}")


def parse(data: bytes) -> Node:
    """The root of the JSON document ``data``.

    Raises:
        BundleError: not UTF-8, not JSON, a duplicate key, a float, or nested too deeply.
    """
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except BundleError:
        raise
    except UnicodeDecodeError as error:
        raise BundleError(f"is not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise BundleError("is nested too deeply to be read") from error
    except ValueError as error:
        raise BundleError(f"is not JSON: {error}") from error
    return Node(value, "")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BundleError(f"has the key {_shown(twice)} twice in one object")
    return members


def _no_float(text: str) -> NoReturn:
    raise BundleError(f"has the number {text[:_SHOWN]}; a bundle holds integers only")


def _shown(value: object) -> str:
    """``value`` as it stands in messages: JSON, cut where it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


class Node(Value):
    """One value of a JSON document and where it stands."""

    value: object
    pointer: str

    def refuse(self, reason: str) -> NoReturn:
        """Raise :class:`BundleError` for this place."""
        raise BundleError(reason, pointer=self.pointer)

    def _expected(self, what: str) -> NoReturn:
        self.refuse(f"must be {what}, got {_shown(self.value)}")

    def members(self) -> dict[str, object]:
        """The object itself."""
        if type(self.value) is not dict:
            self._expected("an object")
        return self.value

    def only(self, known: Collection[str]) -> Node:
        """This object, refused if it has a member outside ``known``."""
        for name in self.members():
            if name not in known:
                self.refuse(
                    f"has the unknown field {_shown(name)}; this agent knows "
                    f"{', '.join(sorted(known))}: update the agent or remove the field"
                )
        return self

    def get(self, name: str) -> Node | None:
        """The member ``name``, None where it is absent."""
        value = self.members().get(name, _ABSENT)
        return None if value is _ABSENT else Node(value, f"{self.pointer}/{_escaped(name)}")

    def need(self, name: str) -> Node:
        """The member ``name``, which must be there."""
        return self.get(name) or self.refuse(f"lacks the field {_shown(name)}")

    def items(self) -> Iterator[Node]:
        """The elements of the array."""
        if type(self.value) is not list:
            self._expected("an array")
        for index, value in enumerate(self.value):
            yield Node(value, f"{self.pointer}/{index}")

    def entries(self) -> Iterator[tuple[str, Node]]:
        """The members of the object."""
        for name, value in self.members().items():
            yield name, Node(value, f"{self.pointer}/{_escaped(name)}")

    def integer(self, minimum: int = 0, maximum: int = MAX_INTEGER) -> int:
        """The integer, within its bounds."""
        if type(self.value) is not int or not minimum <= self.value <= maximum:
            self._expected(f"an integer from {minimum} to {maximum}")
        return self.value

    def boolean(self) -> bool:
        """True or False."""
        if type(self.value) is not bool:
            self._expected("true or false")
        return self.value

    def text(self) -> str:
        """The string; lone surrogates are refused, because they cannot be written anywhere."""
        if type(self.value) is not str:
            self._expected("a string")
        if not self.value.isascii():
            try:
                self.value.encode()
            except UnicodeEncodeError:
                self._expected("a string of whole characters")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """The strings of the array."""
        return tuple(item.text() for item in self.items())

    def choice(self, *allowed: str) -> str:
        """The string, one of ``allowed``."""
        if self.value not in allowed:
            self._expected(f"one of {', '.join(allowed)}")
        return str(self.value)
