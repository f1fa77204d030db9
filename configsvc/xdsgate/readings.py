"""What the process takes from the store: which namespaces have another head."""

from collections.abc import Callable

from configsvc.store import Event, Namespaces, layout


class HeadReading:
    """Tells of every namespace whose head or instances changed; called by one thread."""

    prefix = layout.NAMESPACES

    def __init__(self, namespaces: Namespaces, changed: Callable[[str], None]) -> None:
        self._namespaces = namespaces
        self._changed = changed

    def load(self) -> None:
        """See `Reading.load`: whatever was missed, all of them are looked at again."""
        for name in self._namespaces.names():
            self._changed(name)

    def take(self, events: tuple[Event, ...]) -> None:
        """See `Reading.take`."""
        places = (layout.place(event.key) for event in events)
        for name in {p.namespace for p in places if p and p.part in {"head", "instance"}}:
            self._changed(name)
