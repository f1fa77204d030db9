"""The events of a YAML text, as libyaml finds them."""

from collections.abc import Iterator

from yaml.cyaml import CParser  # type: ignore[attr-defined] # the stubs leave it out
from yaml.error import Mark
from yaml.events import Event, StreamEndEvent

from configsvc.schema.syntax import Position

_NOWHERE = Mark("", 0, 0, 0, None, 0)


def events(text: str) -> Iterator[Event]:
    """The events of ``text``, up to the end of its stream.

    Raises:
        YAMLError: the text is not YAML; the events before the error came already.
        UnicodeEncodeError: it has half of a surrogate pair.
    """
    parser = CParser(text)
    try:
        event = parser.get_event()
        while event is not None and not isinstance(event, StreamEndEvent):
            yield event
            event = parser.get_event()
    finally:
        parser.dispose()


def begin(event: Event) -> Mark:
    """Where an event's text begins."""
    return event.start_mark or _NOWHERE  # type: ignore[return-value] # libyaml's mark is alike


def end(event: Event) -> Mark:
    """Where an event's text ends."""
    return event.end_mark or _NOWHERE  # type: ignore[return-value] # as above


def position(event: Event) -> Position:
    """Line and column at which an event's text begins."""
    mark = begin(event)
    return mark.line + 1, mark.column + 1
