"""What a fix does to texts, as whoever read the files knows."""

from collections.abc import Callable
from dataclasses import dataclass

from configsvc.model.findings import Fix


@dataclass(frozen=True, slots=True)
class TextChange:
    """Whole lines of a file that give way to others.

    ``line`` is the first of ``lines`` lines, from 1; with no lines, ``text`` goes before it. The
    text ends with a line ending unless it is empty or ends the file.
    """

    file: str
    line: int
    lines: int
    text: str


Changes = Callable[[Fix], tuple[TextChange, ...]]
"""Finds the changes of a fix; none where no file has the document, or it cannot be edited."""


def unchanged(_: Fix) -> tuple[TextChange, ...]:
    """The changes where there are no files."""
    return ()
