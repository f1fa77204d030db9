"""What the readers of the two syntaxes have in common: results, and positions of values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from configsvc.schema.errors import Problem
from configsvc.schema.values import Json

Syntax = Literal["yaml", "json"]
Position = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem at a position of a text."""

    problem: Problem
    position: Position


class SyntaxFaultError(Exception):
    """A text cannot be read as what it claims to be.

    It becomes document errors before it leaves the room.
    """

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.problem.message for fault in faults))


@dataclass(frozen=True, slots=True)
class Parsed:
    """One value out of a text, and a way to find out where its parts stand."""

    value: Json
    positions: Callable[[], Mapping[str, Position]]


Outcome = Parsed | tuple[Fault, ...]
"""A document of a stream, or why it was refused."""

Outcomes = Iterator[Outcome]


def fault(
    message: str,
    position: Position,
    *,
    pointer: str = "",
    seen: str | None = None,
    hint: str | None = None,
) -> Fault:
    """A fault without the ceremony."""
    return Fault(Problem(pointer, message, seen=seen, hint=hint), position)


def position_of(text: str, offset: int) -> Position:
    """Line and column of a character of ``text``."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1
