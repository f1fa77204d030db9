"""One stream's state: what it asked for and what it is sent next. No transport, no clock.

Make before break: clusters, then their endpoints, then listeners, then routes, each once what it
names was acknowledged; what is not named any more is taken away last. Endpoints alone do not wait:
Envoy acknowledges a cluster only once it has endpoints for it, and for one that was updated it
waits for them again without asking.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from configsvc.envoy import (
    CLUSTERS,
    ENDPOINTS,
    LISTENERS,
    ORDER,
    ROUTES,
    WILDCARD,
    Key,
    Resource,
    Snapshot,
    callee_of,
)
from configsvc.xdsgate.kinds import KindState

_BREAKING: Final = (LISTENERS, ROUTES, CLUSTERS, ENDPOINTS)
"""What is taken away first must not be named by what stays."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client says about one kind, in either form of the protocol.

    ``names`` None: nothing about names (a delta request); a tuple: all that it wants (state of
    the world), of which none at all are everything. ``held``: versions that it has from before.
    ``error`` None: it took the response of ``nonce``.
    """

    kind: str
    names: tuple[str, ...] | None = None
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    nonce: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent about one kind. ``whole`` is everything that the client has by then."""

    kind: str
    nonce: str
    version: str
    updated: tuple[Resource, ...]
    removed: tuple[str, ...]
    whole: tuple[Resource, ...]


class Subscription:
    """The state of one stream. ``delta``: differences are sent, not whole states."""

    def __init__(self, *, delta: bool) -> None:
        self._delta = delta
        self._kinds: dict[str, KindState] = {}
        self._kept: dict[Key, Resource] = {}
        self._target: Snapshot | None = None
        self._count = 0

    @property
    def target(self) -> Snapshot | None:
        """What the client should have."""
        return self._target

    def aim(self, target: Snapshot | None) -> None:
        """Take what the client should have from now on; None: leave it with what it has."""
        self._target = target

    @property
    def settled(self) -> bool:
        """Whether the client has acknowledged all of the target that it asks for."""
        target = self._target
        if target is None or not self._kinds:
            return False
        if self._takes_all and not self._asks_for_all(target):
            return False
        return all(state.holds(target.of_kind(kind)) for kind, state in self._kinds.items())

    def is_answer(self, request: Request) -> bool:
        """Whether a request answers what is under way."""
        state = self._kinds.get(request.kind)
        return state is not None and self._is_current(state, request)

    def take(self, request: Request) -> dict[Key, str]:
        """Take a request; return what it refuses: versions by kind and name."""
        first = request.kind not in self._kinds
        state = self._kinds.setdefault(request.kind, KindState())
        refused = self._answer(state, request)
        if request.names is None:
            self._take_delta(state, request, first=first)
        elif first or not request.nonce or self._is_current(state, request):
            _take_names(state, request)
        return {(request.kind, name): version for name, version in refused.items()}

    def next(self) -> Response | None:
        """What to send now; None while there is nothing, or something has to be waited for."""
        if self._target is None:
            return None
        waits = False
        for kind in ORDER:
            if waits and kind != ENDPOINTS:
                return None
            state = self._kinds.get(kind)
            if state is not None and state.sent is None:
                lacking = state.lacking(self._target.of_kind(kind))
                if lacking:
                    return self._respond(kind, state, lacking, ())
            waits = waits or self._awaits(kind) or (state is not None and state.sent is not None)
        return None if waits else self._next_removal()

    def _next_removal(self) -> Response | None:
        assert self._target is not None  # noqa: S101 as checked by `next`
        for kind in _BREAKING:
            state = self._kinds.get(kind)
            surplus = state.surplus(self._target.of_kind(kind)) if state else []
            if state is not None and surplus:
                if not self._delta and kind not in WILDCARD:
                    state.held.update(dict.fromkeys(surplus, ""))  # there is no way to say so
                    continue
                return self._respond(kind, state, (), surplus)
        return None

    def _respond(
        self, kind: str, state: KindState, updated: Iterable[Resource], removed: Iterable[str]
    ) -> Response:
        self._count += 1
        nonce = str(self._count)
        updated, removed = tuple(updated), tuple(removed)
        for name in removed:
            self._kept.pop((kind, name), None)
        self._kept.update(((kind, each.name), each) for each in updated)
        state.send(nonce, updated, removed)
        if kind == CLUSTERS and ENDPOINTS in self._kinds:
            self._kinds[ENDPOINTS].forget(callee_of(each.name) for each in updated)
        whole = tuple(
            each for (of, name), each in self._kept.items() if of == kind and state.wants(name)
        )
        version = self._target.version if self._target else ""
        return Response(kind, nonce, version[:16], updated, removed, whole)

    def _answer(self, state: KindState, request: Request) -> Mapping[str, str]:
        """Note whether the client took what is under way; an old nonce says nothing."""
        if not self._is_current(state, request):
            return {}
        if request.error is None:
            state.acknowledge()
            return {}
        refused = state.refuse(request.error)
        for name in refused:
            self._kept.pop((request.kind, name), None)
        return refused

    @staticmethod
    def _is_current(state: KindState, request: Request) -> bool:
        return state.sent is not None and state.sent.nonce == request.nonce

    def _take_delta(self, state: KindState, request: Request, *, first: bool) -> None:
        if first:
            state.wildcard = request.kind in WILDCARD and not request.subscribe
            state.subscribe(request.subscribe)
            state.held.update(request.held)
            return
        state.unsubscribe(request.unsubscribe)
        state.subscribe(request.subscribe)

    def _awaits(self, kind: str) -> bool:
        """Whether Envoy has yet to ask for endpoints of clusters that it was sent."""
        if kind != ENDPOINTS or not self._takes_all or self._target is None:
            return False
        return bool(self._target.of_kind(ENDPOINTS).keys() - self._names(ENDPOINTS))

    @property
    def _takes_all(self) -> bool:
        """Whether the client is an Envoy, which takes every cluster."""
        state = self._kinds.get(CLUSTERS)
        return state is not None and state.wildcard

    def _asks_for_all(self, target: Snapshot) -> bool:
        state = self._kinds.get(LISTENERS)
        if state is None or not state.wildcard:
            return False
        return all(
            not target.of_kind(LISTENERS) or target.of_kind(kind).keys() <= self._names(kind)
            for kind in (ENDPOINTS, ROUTES)
        )

    def _names(self, kind: str) -> set[str]:
        state = self._kinds.get(kind)
        return state.names if state is not None else set()


def _take_names(state: KindState, request: Request) -> None:
    """Take the whole list of names of a state-of-the-world request."""
    names = set(request.names or ())
    if not names and request.kind in WILDCARD and not state.names:
        state.wildcard = True
        return
    wanted = names - {"*"}
    state.wildcard = "*" in names
    state.unsubscribe(state.names - wanted)
    state.subscribe(wanted - state.names)
