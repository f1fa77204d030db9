"""Where a place stands in a file, as whoever read the file knows."""

from collections.abc import Callable
from dataclasses import dataclass

from configsvc.analysis.formats.entries import entry_end
from configsvc.model.findings import Place


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


Locator = Callable[[Place], Spot | None]
"""Finds the spot of a place; None for a document that is in no file."""


def nowhere(_: Place) -> None:
    """The locator for documents that are in no file."""
