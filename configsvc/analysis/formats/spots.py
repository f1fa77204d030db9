"""Where a place stands in a file, as whoever read the file knows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from configsvc.analysis.formats.entries import entry_end
from configsvc.model.findings import Finding, Place, Subject
from configsvc.model.names import Key


@dataclass(frozen=True, slots=True)
class Spot:
    """A position in a file, 1-based; ``text`` is the line that stands there, if it is at hand."""

    file: str
    line: int
    column: int
    text: str | None = None

    @property
    def end(self) -> int:
        """The column behind what is there, as far as its line tells; at least one further."""
        end = 0 if self.text is None else entry_end(self.text, self.column - 1) + 1
        return max(end, self.column + 1)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


MOST_PLACES: Final = 100
"""Places of one finding that are told; a default under a large graph takes part everywhere."""

_SHOWN_HOPS: Final = 8


def places_of(finding: Finding) -> tuple[Place, ...]:
    """The places of a finding, `MOST_PLACES` at the most, of several labels at one the first."""
    found: dict[tuple[Key, str], Place] = {}
    for place in finding.places:
        found.setdefault((place.resource, place.pointer), place)
        if len(found) == MOST_PLACES:
            break
    return tuple(found.values())


def subject_text(subject: Subject) -> str:
    """What a finding is about, in few words: of a long path the beginning and the end."""
    path = subject.path
    if len(path) <= _SHOWN_HOPS:
        return str(subject)
    left_out = len(path) - _SHOWN_HOPS + 1
    end = f"{path[-1].callee}[{path[-1].operation}]"
    return f"{Subject(path=path[: _SHOWN_HOPS - 1])} -> ... {left_out - 1} more ... -> {end}"


Locator = Callable[[Place], Spot | None]
"""Finds the spot of a place; None for a document that is in no file."""


def nowhere(_: Place) -> None:
    """The locator for documents that are in no file."""
