"""Edits of one document in a YAML text; every line that does not change stays as it is."""

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.util import load_yaml_guess_indent
from yaml.events import DocumentEndEvent, DocumentStartEvent

from configsvc.cli.line_merge import merged
from configsvc.schema import Document
from configsvc.schema.yaml_events import begin, events

_NO_BREAKS = 1 << 16
"""Columns within which a line is not broken."""


def yaml_with_value(text: str, document: Document, value: Any) -> str:  # noqa: ANN401 any JSON
    """The text of a stream in which one document has another value."""
    first, last = _extent(text, document.locate("").line or 1)
    part = text[first:last]
    written = part.rstrip("\n")
    lines = merged(
        written.split("\n"),
        _rewritten(written, document.value),
        _rewritten(written, value),
        _is_comment,
    )
    return text[:first] + "\n".join(lines) + part[len(written) :] + text[last:]


def _extent(text: str, line: int) -> tuple[int, int]:
    """Where the document begins whose root is at a line, and where it ends."""
    root: int | None = None
    is_next = False
    for event in events(text):
        if root is not None and isinstance(event, DocumentEndEvent):
            return root, begin(event).index
        if is_next and begin(event).line + 1 == line:
            mark = begin(event)
            indented = not text[mark.index - mark.column : mark.index].strip()
            root = mark.index - mark.column if indented else mark.index
        is_next = isinstance(event, DocumentStartEvent)
    raise AssertionError(f"a document begins at line {line}")


def _rewritten(text: str, value: Any) -> list[str]:  # noqa: ANN401 any JSON
    """The lines that the library makes of a text in which the value is another."""
    _, indent, offset = load_yaml_guess_indent(text)
    writer = YAML()
    writer.preserve_quotes = True
    writer.width = _NO_BREAKS
    writer.allow_unicode = True
    writer.indent(mapping=2, sequence=(offset or 0) + 2, offset=offset or 0)
    if indent:
        writer.map_indent = indent if not offset else indent - offset
    data = writer.load(text)
    _update(data, value)
    stream = StringIO()
    writer.dump(data, stream)
    return stream.getvalue().rstrip("\n").split("\n")


def _update(data: Any, value: Any) -> Any:  # noqa: ANN401 any JSON
    """Make a node say a value; what says it already is not touched."""
    if isinstance(data, CommentedMap) and isinstance(value, dict):
        _update_mapping(data, value)
        return data
    if isinstance(data, CommentedSeq) and isinstance(value, list) and len(data) == len(value):
        for index, item in enumerate(value):
            data[index] = _update(data[index], item)
        return data
    is_same = data == value and isinstance(data, bool) == isinstance(value, bool)
    return data if is_same else value


def _update_mapping(data: CommentedMap, value: dict[str, Any]) -> None:
    for name in [name for name in data if name not in value]:
        del data[name]
    for name, item in value.items():
        if name not in data:
            data[name] = item
        elif data[name] is not (updated := _update(data[name], item)):
            data[name] = updated


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
