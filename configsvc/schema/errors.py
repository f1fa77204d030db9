"""What is wrong with a document, in words that somebody can act on."""

from collections.abc import Iterable
from dataclasses import dataclass

from configsvc.errors import InputError


@dataclass(frozen=True, slots=True)
class Location:
    """A position in a text; lines and columns count from 1.

    None: the value did not come from a text.
    """

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a JSON pointer of a value, before it is known where that value came from.

    ``message`` says what was seen and what to do. ``hint`` is the text that was probably meant, if
    there is one.
    """

    pointer: str
    message: str
    seen: str | None = None
    allowed: tuple[str, ...] = ()
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentError:
    """A problem with the place where it stands."""

    origin: str
    line: int | None
    column: int | None
    pointer: str
    message: str
    seen: str | None = None
    allowed: tuple[str, ...] = ()
    hint: str | None = None

    @classmethod
    def at(cls, location: Location, problem: Problem) -> "DocumentError":
        """``problem`` as it is found at ``location``."""
        return cls(
            location.file,
            location.line,
            location.column,
            problem.pointer,
            problem.message,
            problem.seen,
            problem.allowed,
            problem.hint,
        )

    def __str__(self) -> str:
        place = str(Location(self.origin, self.line, self.column))
        pointer = f"{self.pointer}: " if self.pointer else ""
        return f"{place}: {pointer}{self.message}"


class InvalidDocumentError(InputError):
    """A document is refused; ``errors`` has one entry for each thing that is wrong with it."""

    def __init__(self, errors: Iterable[DocumentError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))


def shown(value: object, limit: int = 60) -> str:
    """``value`` as a message quotes it, cut at ``limit`` characters."""
    text = _NAMES.get(value) if isinstance(value, bool) or value is None else None
    text = text or repr(value)
    return text if len(text) <= limit else text[:limit] + "..."


_NAMES = {True: "true", False: "false", None: "null"}


def child(pointer: str, key: str | int) -> str:
    """The JSON pointer (RFC 6901) of a member of what ``pointer`` points to."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
