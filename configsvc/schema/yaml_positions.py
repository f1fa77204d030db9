"""Where the values of a YAML document stand, found by going through its events once more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yaml.cyaml import CParser
from yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    StreamEndEvent,
)

from configsvc.schema.errors import child
from configsvc.schema.syntax import Position


def position(event: Event) -> Position:
    """Where an event's text begins."""
    return event.start_mark.line + 1, event.start_mark.column + 1


def positions(text: str, begin: int, end: int, line: int) -> Mapping[str, Position]:
    """Where each value of the valid document in ``text[begin:end]`` stands, by pointer.

    A member of a mapping stands at its key. What is behind an alias has no position of its own. ``line`` is the
    number of lines before ``begin``.
    """
    return {pointer: (at[0] + line, at[1]) for pointer, at in _walk(_events(text[begin:end]))}


@dataclass(slots=True)
class _Level:
    pointer: str
    is_mapping: bool
    index: int = 0
    key: tuple[str, Position] | None = None


def _walk(events: Iterator[Event]) -> Iterator[tuple[str, Position]]:
    stack: list[_Level] = []
    for event in events:
        if isinstance(event, CollectionEndEvent):
            stack.pop()
        elif isinstance(event, NodeEvent):
            level = stack[-1] if stack else None
            if level is not None and level.is_mapping and level.key is None:
                level.key = (event.value, position(event))  # type: ignore[attr-defined]
                continue
            pointer, at = _place(level, event)
            yield pointer, at
            if isinstance(event, CollectionStartEvent):
                stack.append(_Level(pointer, isinstance(event, MappingStartEvent)))


def _place(level: _Level | None, event: Event) -> tuple[str, Position]:
    if level is None:
        return "", position(event)
    if level.key is not None:
        (key, at), level.key = level.key, None
        return child(level.pointer, key), at
    level.index += 1
    return child(level.pointer, level.index - 1), position(event)


def _events(text: str) -> Iterator[Event]:
    parser = CParser(text)
    try:
        while not isinstance(event := parser.get_event(), StreamEndEvent):
            yield event
    finally:
        parser.dispose()
