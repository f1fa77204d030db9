"""Waivers in comments of YAML: next to what they are about, and the same as Waiver documents.

``# configsvc: waive RT03 until 2030-01-31 owner=team-scores reason="It moves next month."`` waives
findings of that code which have a place in what begins at the comment's line; in a line of its own
it is about the next line that has content, and so at the top of a document about all of it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

from yaml.error import YAMLError
from yaml.events import ScalarEvent

from configsvc.model.names import API_VERSION, Kind
from configsvc.schema.documents import Document, LoadResult
from configsvc.schema.errors import DocumentError, Location, Problem
from configsvc.schema.syntax import Position, position_of
from configsvc.schema.values import Json
from configsvc.schema.yaml_events import begin, end, events

_FORM: Final = '# configsvc: waive CODE until DATE owner=NAME reason="..."'
_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#[ \t]*configsvc:[ \t]*(.*)$", re.MULTILINE)
_WAIVE: Final = re.compile(
    r"""waive \s+ (?P<code>\S+) \s+ until \s+ (?P<expires>\S+)
    (?P<rest> (?: \s+ \w+=(?:"[^"]*"|[^\s"]\S*) )*) \s*""",
    re.VERBOSE,
)
_MEMBER: Final = re.compile(r'(\w+)=(?:"([^"]*)"|(\S+))')
_MEMBERS: Final = ("owner", "reason")
_NO_CONTENT: Final = re.compile(r"\s*(#.*|(---|\.\.\.)\s*(#.*)?|%.*)?")


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment that is meant for us: what it says, where, and the line that it is about."""

    words: str
    position: Position
    line: int


def comment_waivers(text: str, documents: Sequence[Document], *, origin: str) -> LoadResult:
    """The Waiver documents that the comments of a YAML text stand for.

    Args:
        text: the text; what it holds beside comments was read already.
        documents: what was read from it.
        origin: the file.
    """
    found: list[Document] = []
    errors: list[DocumentError] = []
    for comment in _comments(text):
        outcome = _waiver(comment, documents)
        if isinstance(outcome, Problem):
            errors.append(DocumentError.at(Location(origin, *comment.position), outcome))
        else:
            found.append(Document(outcome, origin, partial(dict, {"": comment.position})))
    return LoadResult(tuple(found), tuple(errors))


def _comments(text: str) -> Iterator[_Comment]:
    matches = list(_COMMENT.finditer(text))
    if not matches:
        return
    extents = _scalars(text)
    starts = [first for first, _ in extents]
    lines = text.split("\n")
    for match in matches:
        at = match.start() + match[0].index("#")
        before = bisect_right(starts, at) - 1
        if before < 0 or at >= extents[before][1]:
            position = position_of(text, at)
            yield _Comment(match[1].strip(), position, _concerned(lines, position))


def _scalars(text: str) -> list[tuple[int, int]]:
    """Where the texts of a stream stand, in order, as far as it can be read."""
    found: list[tuple[int, int]] = []
    with suppress(YAMLError, UnicodeEncodeError):
        found.extend(
            (begin(event).index, end(event).index)
            for event in events(text)
            if isinstance(event, ScalarEvent)
        )
    return found


def _concerned(lines: Sequence[str], position: Position) -> int:
    """The number of the line that a comment is about; beyond the last one if there is none."""
    number, column = position
    if not _NO_CONTENT.fullmatch(lines[number - 1][: column - 1]):
        return number
    while number < len(lines) and _NO_CONTENT.fullmatch(lines[number].rstrip("\r")):
        number += 1
    return number + 1


def _waiver(comment: _Comment, documents: Sequence[Document]) -> dict[str, Json] | Problem:
    said = _WAIVE.fullmatch(comment.words)
    if said is None:
        message = f"{comment.words[:60]!r} is not understood: write {_FORM}"
        return Problem("", message, seen=comment.words[:60])
    members = {name: quoted or plain for name, quoted, plain in _MEMBER.findall(said["rest"])}
    unknown = sorted(members.keys() - set(_MEMBERS))
    if unknown:
        return Problem("", f"unknown {unknown[0]!r} in a waiver: write {_FORM}", unknown[0])
    for document in documents:
        pointers = document.parts_at(comment.line)
        if pointers:
            return _document(said, members, _resource(document), pointers)
    message = "the comment is about nothing: write it behind or above what it waives findings of"
    return Problem("", message)


def _document(
    said: re.Match[str], members: dict[str, str], resource: str, pointers: tuple[str, ...]
) -> dict[str, Json]:
    code = said["code"]
    about = " ".join((code, resource, *pointers))
    name = f"{_slug(code)}-{sha256(about.encode()).hexdigest()[:10]}"
    parts = {} if pointers == ("",) else {"pointers": list(pointers)}
    spec = {"code": code, "resource": resource, **parts, **members, "expires": said["expires"]}
    return {
        "apiVersion": API_VERSION,
        "kind": str(Kind.WAIVER),
        "metadata": {"name": name},
        "spec": spec,
    }


def _slug(code: str) -> str:
    """The beginning of a name, whatever was written where a code should be."""
    return "".join(each for each in code.lower()[:8] if each.isascii() and each.isalnum()) or "x"


def _resource(document: Document) -> str:
    metadata = document.value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{document.value.get('kind')}/{name}"
