"""Where the values of a YAML document stand, found by going through its events once more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
)

from configsvc.schema.errors import child
from configsvc.schema.syntax import Position
from configsvc.schema.yaml_events import events, position


def positions(text: str, begin: int, end: int, line: int) -> Mapping[str, Position]:
    """Where each value of the valid document in ``text[begin:end]`` stands, by pointer.

    A member of a mapping stands at its key. What is behind an alias has no position of its own.
    ``line`` is the number of lines before ``begin``.
    """
    return {pointer: (at[0] + line, at[1]) for pointer, at in _walk(events(text[begin:end]))}


@dataclass(slots=True)
class _Level:
    pointer: str
    is_mapping: bool
    index: int = 0
    key: tuple[str, Position] | None = None


def _walk(found: Iterator[Event]) -> Iterator[tuple[str, Position]]:
    stack: list[_Level] = []
    for event in found:
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
