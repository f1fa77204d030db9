"""Documents: values that claim to be resources, and where their parts stand in their text."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from configsvc.schema import json_syntax, limits
from configsvc.schema.errors import DocumentError, InvalidDocumentError, Location, Problem, shown
from configsvc.schema.syntax import (
    Fault,
    Outcome,
    Parsed,
    Position,
    Syntax,
    SyntaxFaultError,
    fault,
    position_of,
)
from configsvc.schema.values import Json

Positions = Callable[[], Mapping[str, Position]]


@dataclass(eq=False, slots=True)
class Document:
    """One document as written: ``value`` is JSON, ``origin`` the file or request it came from."""

    value: dict[str, Json]
    origin: str
    _positions: Positions | None = field(default=None, repr=False)
    _places: Mapping[str, Position] | None = field(default=None, repr=False)

    def locate(self, pointer: str) -> Location:
        """Where ``pointer`` leads, or the nearest thing around it that is written.

        The text is gone through again when this is first asked.
        """
        places = self._written()
        if places is None:
            return Location(self.origin)
        while pointer and pointer not in places:
            pointer = pointer.rpartition("/")[0]
        return Location(self.origin, *places.get(pointer, (1, 1)))

    def parts_at(self, line: int) -> tuple[str, ...]:
        """Pointers to what begins at a line of the text, without what is inside of it."""
        places = self._written() or {}
        found = {pointer for pointer, (at, _) in places.items() if at == line}
        inside = (each for each in found if each and each.rpartition("/")[0] in found)
        return tuple(sorted(found.difference(inside)))

    def _written(self) -> Mapping[str, Position] | None:
        if self._places is None and self._positions is not None:
            self._places = self._positions()
        return self._places

    def error(self, problem: Problem) -> DocumentError:
        """``problem`` with its place in this document."""
        return DocumentError.at(self.locate(problem.pointer), problem)


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What was in a text: the documents that could be read, and why the others could not."""

    documents: tuple[Document, ...] = ()
    errors: tuple[DocumentError, ...] = ()


def load_text(text: str | bytes, *, origin: str, syntax: Syntax) -> LoadResult:
    """Read the documents in ``text``: one of JSON, any number of YAML.

    Never raises: whatever is wrong is in the result's ``errors``, and what could be read
    nevertheless is in its ``documents``. Nothing is validated yet; that is `read`.
    """
    documents: list[Document] = []
    errors: list[DocumentError] = []
    for outcome in _outcomes(text, syntax):
        if not isinstance(outcome, Parsed):
            errors.extend(_located(origin, outcome))
        elif isinstance(outcome.value, dict):
            documents.append(Document(outcome.value, origin, outcome.positions))
        else:
            at = outcome.positions().get("", (1, 1))
            errors.append(DocumentError.at(Location(origin, *at), _no_object(outcome.value)))
    return LoadResult(tuple(documents), tuple(errors))


def load_value(value: Json, *, origin: str) -> Document:
    """A document out of JSON that was parsed already, by `parse_json`.

    Raises:
        InvalidDocumentError: ``value`` is not an object.
    """
    if not isinstance(value, dict):
        raise InvalidDocumentError([DocumentError.at(Location(origin), _no_object(value))])
    return Document(value, origin)


def parse_json(
    text: str | bytes, *, origin: str = "request", largest: int = limits.STREAM_BYTES
) -> Json:
    """The JSON value in ``text``, of at most ``largest`` bytes, read as strictly as documents are.

    Raises:
        InvalidDocumentError: it is not JSON in UTF-8, or has duplicate keys, NaN, too large numbers
        or too deep nesting.
    """
    try:
        return json_syntax.parse(_decode(text, largest)).value
    except SyntaxFaultError as exc:
        raise InvalidDocumentError(_located(origin, exc.faults)) from exc


def _outcomes(text: str | bytes, syntax: Syntax) -> Iterator[Outcome]:
    try:
        if syntax == "json":
            yield json_syntax.parse(_decode(text, limits.DOCUMENT_BYTES))
        else:
            yield from _yaml(_decode(text, limits.STREAM_BYTES))
    except SyntaxFaultError as exc:
        yield exc.faults


def _yaml(text: str) -> Iterator[Outcome]:
    from configsvc.schema import yaml_syntax  # noqa: PLC0415 - 20 ms that JSON need not pay

    return yaml_syntax.parse(text)


def _decode(text: str | bytes, largest: int) -> str:
    if len(text) > largest:
        size = f"{largest // 1024} KiB"
        raise SyntaxFaultError(fault(f"longer than {size}: split it", (1, 1)))
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as exc:
        at = position_of(text[: exc.start].decode(), exc.start)
        message = f"byte 0x{text[exc.start]:02X} is not UTF-8: save the text as UTF-8"
        raise SyntaxFaultError(fault(message, at)) from exc


def _located(origin: str, faults: Iterable[Fault]) -> Iterator[DocumentError]:
    for each in faults:
        yield DocumentError.at(Location(origin, *each.position), each.problem)


def _no_object(value: Json) -> Problem:
    message = (
        f"{shown(value)} is not a document: "
        "write an object with apiVersion, kind, metadata and spec"
    )
    return Problem("", message, seen=shown(value))
