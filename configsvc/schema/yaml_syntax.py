"""YAML 1.2, strictly: the core schema alone, no tags, no duplicate keys, bounded aliases.

libyaml turns the text into events; a stack turns the events into values, without recursion, so that
neither depth nor aliases can cost more than their bounds. Positions are found by going through the
same events again when asked.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from yaml.error import Mark, YAMLError
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from configsvc.schema import limits
from configsvc.schema.errors import child, shown
from configsvc.schema.syntax import (
    Fault,
    Outcome,
    Outcomes,
    Parsed,
    Position,
    SyntaxFaultError,
    fault,
)
from configsvc.schema.values import Json
from configsvc.schema.yaml_events import begin, end, events, position
from configsvc.schema.yaml_faults import not_yaml
from configsvc.schema.yaml_positions import positions
from configsvc.schema.yaml_scalars import NULL, Scalar, scalar


def parse(text: str) -> Outcomes:
    """Read the documents of a stream; empty ones are left out.

    A syntax error ends the stream: what came before it stays, and the last item is the error.

    Raises:
        SyntaxFaultError: a document is too deep or too large to go on.
    """
    try:
        yield from _documents(text)
    except (YAMLError, UnicodeEncodeError) as exc:
        yield (not_yaml(exc, text),)


def _documents(text: str) -> Outcomes:
    stream = events(text)
    for event in stream:
        if isinstance(event, DocumentStartEvent):
            outcome = _document(stream, event, text)
            if outcome is not None:
                yield outcome


def _document(stream: Iterator[Event], start: DocumentStartEvent, text: str) -> Outcome | None:
    builder = _Builder()
    if start.version not in (None, (1, 2)):
        builder.refuse(
            "documents are read as YAML 1.2: write '%YAML 1.2' or leave the line out", start
        )
    while not isinstance(event := next(stream), DocumentEndEvent):
        builder.take(event)
    return builder.outcome(_Extent(text, begin(start), end(event)))


@dataclass(frozen=True, slots=True)
class _Extent:
    """The part of a text that is one document, from the beginning of its first line."""

    text: str
    first: Mark
    last: Mark

    @property
    def start(self) -> int:
        return self.first.index - self.first.column

    def positions(self) -> Mapping[str, Position]:
        return positions(self.text, self.start, self.last.index, self.first.line)


@dataclass(slots=True)
class _Anchor:
    """What an alias stands for, and how much of it there is."""

    value: Json
    nodes: int
    characters: int


@dataclass(slots=True)
class _Level:
    """A mapping or list that is being built; without ``key``, a mapping is waiting for one.

    ``is_dropped``: the value that comes next is not kept, because its key was refused.
    """

    value: Json
    anchor: str | None
    nodes: int
    characters: int
    key: str | None = None
    is_dropped: bool = False


_NOTHING = _Anchor(None, 1, 0)


class _Builder:
    """One document out of its events. It goes on after a fault where the rest can still be read."""

    def __init__(self) -> None:
        self.value: Json = None
        self.faults: list[Fault] = []
        self.is_empty = True
        self._stack: list[_Level] = []
        self._anchors: dict[str, _Anchor] = {}
        self._nodes = 0
        self._characters = 0

    def take(self, event: Event) -> None:
        _TAKE[type(event)](self, event)
        if self._nodes > limits.NODES or self._characters > limits.DOCUMENT_BYTES:
            self._give_up(
                f"the document has more than {limits.NODES} values or "
                f"{limits.DOCUMENT_BYTES // 1024} KiB once its aliases are replaced by what they "
                "stand for: write less, or split it",
                event,
            )

    def outcome(self, extent: _Extent) -> Outcome | None:
        """What became of the document that is in ``extent``; None: it is empty."""
        if extent.last.index - extent.start > limits.DOCUMENT_BYTES:
            message = f"the document is longer than {limits.DOCUMENT_BYTES // 1024} KiB: split it"
            return (fault(message, (extent.first.line + 1, 1)),)
        if self.faults:
            return tuple(self.faults)
        return None if self.is_empty else Parsed(self.value, extent.positions)

    def refuse(self, message: str, event: Event, *, seen: str | None = None) -> None:
        self.faults.append(fault(message, position(event), pointer=self._pointer(), seen=seen))

    def scalar(self, event: ScalarEvent) -> None:
        text = event.value
        self._nodes += 1
        self._characters += len(text)
        self._check_tag(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(text, 1, len(text))
        mapping = self._waiting_for_key()
        if mapping is not None:
            self._take_key(mapping, text, event)
            return
        value = self._typed(event) if event.implicit[0] else text
        if event.anchor is not None:
            self._anchors[event.anchor].value = value
        self._add(value, is_empty=value is None and not text)

    def begin(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        self._check_tag(event)
        if self._waiting_for_key() is not None:
            message = "a key is text, not a list or mapping: write one word before the colon"
            self._give_up(message, event)
        if len(self._stack) >= limits.DEPTH:
            self._give_up(f"nested deeper than {limits.DEPTH} levels: flatten it", event)
        value: Json = {} if isinstance(event, MappingStartEvent) else []
        self._stack.append(_Level(value, event.anchor, self._nodes, self._characters))
        self._nodes += 1

    def end(self, _event: CollectionEndEvent) -> None:
        level = self._stack.pop()
        if level.anchor is not None:
            nodes, characters = self._nodes - level.nodes, self._characters - level.characters
            self._anchors[level.anchor] = _Anchor(level.value, nodes, characters)
        self._add(level.value)

    def alias(self, event: AliasEvent) -> None:
        mapping = self._waiting_for_key()
        if mapping is not None:
            self._drop_key(mapping, "a key is text, not an alias: write it out", event)
            return
        name = event.anchor or ""
        anchor = self._anchors.get(name)
        if anchor is None:
            advice = f"write &{name} before a value above it"
            self.refuse(f"alias *{name} stands for nothing: {advice}", event, seen=f"*{name}")
            anchor = _NOTHING
        self._nodes += anchor.nodes
        self._characters += anchor.characters
        self._add(anchor.value)

    def _typed(self, event: ScalarEvent) -> Scalar:
        try:
            return scalar(event.value)
        except ValueError as exc:
            self.refuse(str(exc), event, seen=event.value[:40])
            return None

    def _take_key(self, mapping: _Level, text: str, event: ScalarEvent) -> None:
        if event.implicit[0] and text in NULL:
            advice = "write one, in quotes if it is meant to be empty or null"
            self._drop_key(mapping, f"a key is missing before the colon: {advice}", event)
            return
        mapping.key = text
        mapping.is_dropped = text in mapping.value
        if mapping.is_dropped:
            message = f"key {shown(text)} is written twice in one mapping: keep one"
            self.refuse(message, event, seen=text)

    def _drop_key(self, mapping: _Level, message: str, event: Event) -> None:
        self.refuse(message, event)
        mapping.key, mapping.is_dropped = "", True

    def _add(self, value: Json, *, is_empty: bool = False) -> None:
        if not self._stack:
            self.value, self.is_empty = value, is_empty
            return
        level = self._stack[-1]
        if level.key is None:
            level.value.append(value)
            return
        if not level.is_dropped:
            level.value[level.key] = value
        level.key = None

    def _waiting_for_key(self) -> _Level | None:
        """The mapping whose next event is a key, if that is what comes next."""
        level = self._stack[-1] if self._stack else None
        is_due = level is not None and level.key is None and type(level.value) is dict
        return level if is_due else None

    def _check_tag(self, event: NodeEvent) -> None:
        if event.tag is not None:  # type: ignore[attr-defined]
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")  # type: ignore[attr-defined]
            advice = "leave it out, and quote a value that is text"
            self.refuse(f"tag {shown(tag)} is not read: {advice}", event, seen=tag)

    def _give_up(self, message: str, event: Event) -> NoReturn:
        """End the stream: going on would cost what the limits are there to save."""
        self.refuse(message, event)
        raise SyntaxFaultError(*self.faults)

    def _pointer(self) -> str:
        pointer = ""
        for level in self._stack:
            key = len(level.value) if type(level.value) is list else level.key
            if key is not None:
                pointer = child(pointer, key)
        return pointer


_TAKE: Mapping[type[Event], Callable[[_Builder, Json], None]] = {
    ScalarEvent: _Builder.scalar,
    SequenceStartEvent: _Builder.begin,
    MappingStartEvent: _Builder.begin,
    SequenceEndEvent: _Builder.end,
    MappingEndEvent: _Builder.end,
    AliasEvent: _Builder.alias,
}
