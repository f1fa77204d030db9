"""Key sets of Authentications: fetched by the leader, and published as resources when they change.

A fetched set is a document of the kind KeySet, so that it reaches agents and gateways as any other
change does, whole, with a revision and an entry in the history. What cannot be fetched leaves the
last set in force, and is told in the log and in the namespace's audit trail.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from configsvc.access import Principal, Role
from configsvc.errors import ConfigsvcError
from configsvc.model.names import API_VERSION, Key, Kind
from configsvc.schema import canonical, digest, load_value
from configsvc.store import AuditEntry, AuditTrail, Head, Namespaces
from configsvc.usecases import Change, ControlPlane, Workspace

_log = logging.getLogger("configsvc.controller")

LOOK: Final = 2.0
"""Seconds between two looks whether a set is due."""

AGAIN: Final = 30.0
"""Seconds after which a fetch that failed is tried again, if that is sooner than the next one."""

NAME: Final = "key-sets"
"""Who publishes fetched sets."""

Place = tuple[str, str, str]
"""Namespace, name of the Authentication, and address of its set."""


class Fetch(Protocol):
    """Fetches the keys of a set as documents have them; raises `ConfigsvcError`."""

    def __call__(self, url: str, /) -> list[dict[str, Any]]:
        """See above."""


@dataclass(slots=True)
class _Set:
    """One set: when it is due, and what was wrong with it last."""

    due: float
    failure: str = ""


class KeySetKeeper:
    """Keeps the sets of all namespaces; a companion of the controller.

    Args:
        namespaces: where to look for Authentications.
        plane: publishes.
        fetch: fetches one set.
        audit: is told of failures.
        clock: seconds that never go back.
        every: seconds between two fetches of one set.
    """

    def __init__(
        self,
        namespaces: Namespaces,
        plane: ControlPlane,
        fetch: Fetch,
        audit: AuditTrail,
        clock: Callable[[], float],
        every: float,
    ) -> None:
        self._namespaces = namespaces
        self._plane = plane
        self._fetch = fetch
        self._audit = audit
        self._clock = clock
        self._every = every
        self._sets: dict[Place, _Set] = {}
        self._seen: dict[str, tuple[Head, tuple[Place, ...]]] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """See `Companion`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, name=NAME, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """See `Companion`."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while not self._stopping.wait(LOOK):
            try:
                self.look()
            except Exception:  # noqa: BLE001 a defect here must not end the thread
                _log.exception("key sets were not looked at")

    def look(self) -> None:
        """Fetch what is due, and publish what is new; raises what the store raises."""
        now, places = self._clock(), set(self._places())
        self._sets = {place: each for place, each in self._sets.items() if place in places}
        for place in sorted(places):
            each = self._sets.setdefault(place, _Set(now))
            if each.due <= now and not self._stopping.is_set():
                self._refresh(place, each)

    def _places(self) -> Iterator[Place]:
        """All sets; a namespace is read again only once its head has moved."""
        before, self._seen = self._seen, {}
        for head in self._namespaces.heads():
            known = before.get(head.namespace)
            if known is None or known[0] != head:
                known = head, tuple(self._places_in(head.namespace))
            self._seen[head.namespace] = known
            yield from known[1]

    def _places_in(self, namespace: str) -> Iterator[Place]:
        for name, found in self._workspace(namespace).catalog.authentications.items():
            if found.jwt is not None and found.jwt.jwks_url is not None:
                yield namespace, name, found.jwt.jwks_url

    def _workspace(self, namespace: str) -> Workspace:
        return self._plane.inspector.workspace(_identity(namespace), namespace)

    def _refresh(self, place: Place, each: _Set) -> None:
        try:
            keys = self._fetch(place[2])
            self._publish(place, keys)
        except ConfigsvcError as error:
            each.due = self._clock() + min(AGAIN, self._every)
            self._report(place, each, str(error))
        else:
            each.due = self._clock() + self._every
            self._report(place, each, "")

    def _publish(self, place: Place, keys: list[dict[str, Any]]) -> None:
        namespace, name, url = place
        metadata: dict[str, Any] = {"name": name}
        value = {
            "apiVersion": API_VERSION,
            "kind": str(Kind.KEY_SET),
            "metadata": metadata,
            "spec": {"url": url, "keys": sorted(keys, key=lambda key: str(key["id"]))},
        }
        workspace = self._workspace(namespace)
        if workspace.digest(Key(Kind.KEY_SET, name)) == digest(canonical(value)):
            return
        document = load_value(value, origin=url)
        change = Change(f"Keys of {name} from {url}", workspace.revision, (document,))
        self._plane.publisher.publish(_identity(namespace), namespace, change)
        _log.info("keys published", extra={"namespace": namespace, "authentication": name})

    def _report(self, place: Place, each: _Set, failure: str) -> None:
        """Say what went wrong, and that it is over, each once."""
        if failure == each.failure:
            return
        each.failure = failure
        namespace, name, url = place
        extra = {"namespace": namespace, "authentication": name, "reason": failure}
        if failure:
            _log.error("a key set is not renewed, the last keys stay in force", extra=extra)
        else:
            _log.info("a key set is renewed again", extra=extra)
        action = "key-set-failed" if failure else "key-set-renewed"
        detail = {"authentication": name, "url": url} | ({"reason": failure} if failure else {})
        now = self._plane.moment.micros()
        self._audit.append(namespace, AuditEntry(now, NAME, action, None, detail))


def _identity(namespace: str) -> Principal:
    return Principal("", NAME, {namespace: Role.EDITOR})
