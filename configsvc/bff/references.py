"""References to the request and to earlier answers: parsed once, resolved for each request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from configsvc.errors import InputError, OperationError

MISSING: Final = object()
"""What a reference stands for that leads to nothing."""

_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_PARTS: Final = ("path", "query", "header")


class InvalidReferenceError(InputError):
    """A text in braces is no reference."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:80]!r} is no reference: write path.NAME, query.NAME, header.NAME, or "
            "CALL#/POINTER"
        )


class MissingValueError(OperationError):
    """A call cannot be made, because what it refers to is not there."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(f"{reference} has no value")


@dataclass(frozen=True, slots=True)
class Values:
    """What references may lead to: parts of the request, and answers by call."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    header: Mapping[str, str]
    answers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference: ``source`` is a part of the request, or the name of a call."""

    source: str
    steps: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read ``path.id``, ``query.page``, ``header.accept``, ``player`` or ``player#/id``."""
        part, dot, name = text.partition(".")
        if dot and part in _PARTS and name:
            return cls(part, (name.lower() if part == "header" else name,))
        call, sharp, pointer = text.partition("#")
        if not call or "." in call or (sharp and pointer and not pointer.startswith("/")):
            raise InvalidReferenceError(text)
        steps = pointer.split("/")[1:] if pointer else []
        return cls(f"#{call}", tuple(s.replace("~1", "/").replace("~0", "~") for s in steps))

    def resolve(self, values: Values) -> Any:  # noqa: ANN401  any JSON
        """What it leads to, `MISSING` if to nothing."""
        if not self.source.startswith("#"):
            parts: Mapping[str, str] = getattr(values, self.source)
            return parts.get(self.steps[0], MISSING)
        found = values.answers.get(self.source[1:], MISSING)
        for step in self.steps:
            found = _step(found, step)
        return found

    def __str__(self) -> str:
        if not self.source.startswith("#"):
            return f"{self.source}.{self.steps[0]}"
        return "#".join((self.source[1:], "".join(f"/{step}" for step in self.steps)))


@dataclass(frozen=True, slots=True)
class Template:
    """A text with references in braces."""

    pieces: tuple[str | Reference, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Read a text; raises `InvalidReferenceError`."""
        pieces = [
            Reference.parse(piece) if number % 2 else piece
            for number, piece in enumerate(_BRACES.split(text))
        ]
        return cls(tuple(pieces))

    def render(self, values: Values, *, safe: str | None = None) -> str:
        """The text with what its references lead to.

        Args:
            values: what they may lead to.
            safe: percent-encode values except these characters; None for no encoding.

        Raises:
            MissingValueError: one leads to nothing, or to what is no text or number.
        """
        return "".join(
            piece if isinstance(piece, str) else _encoded(piece, values, safe)
            for piece in self.pieces
        )


def _step(found: Any, step: str) -> Any:  # noqa: ANN401  any JSON
    if isinstance(found, Mapping):
        return found.get(step, MISSING)
    if isinstance(found, list) and step.isascii() and step.isdigit() and int(step) < len(found):
        return found[int(step)]
    return MISSING


def _encoded(reference: Reference, values: Values, safe: str | None) -> str:
    value = reference.resolve(values)
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise MissingValueError(str(reference))
    text = str(value)
    if safe is None:
        return text
    encoded = quote(text, safe=safe)
    # A segment that is only dots would climb out of the path that was written.
    return encoded.replace(".", "%2E") if encoded in {".", ".."} else encoded
