"""What the process takes from the store: whose head or whose instances are others now."""

from collections.abc import Callable, Mapping

from configsvc.envoy import Registered
from configsvc.registry import Instance, Mirror, by_service
from configsvc.store import Event, Namespaces, layout


class HeadReading:
    """Tells of every namespace whose head changed; called by one thread."""

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
        for name in {p.namespace for p in places if p and p.part == "head"}:
            self._changed(name)


class Registrations:
    """The registered instances; taken in by one thread, read by any.

    Args:
        changed: called with every namespace whose instances are others now.
        loaded: called once all of them were read.
    """

    def __init__(self, changed: Callable[[str], None], loaded: Callable[[], None]) -> None:
        self._mirror = Mirror()
        self._changed = changed
        self._loaded = loaded

    def take(
        self,
        everything: bool,  # noqa: FBT001 as `InstanceReading` calls it
        found: Mapping[tuple[str, str, str], Instance | None],
    ) -> None:
        """Take instances, all of them or those that changed."""
        if everything:
            changed = self._mirror.replace(by_service(found))
            self._loaded()
        else:
            changed = self._mirror.change(found)
        for namespace in {namespace for namespace, _ in changed}:
            self._changed(namespace)

    def of(self, namespace: str) -> Registered:
        """The instances of a namespace by service."""
        found: dict[str, dict[str, bool]] = {}
        for each in self._mirror.all():
            if each.namespace == namespace:
                found.setdefault(each.service, {})[each.address] = each.healthy
        return found
