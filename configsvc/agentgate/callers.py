"""Who is told of which instances: callers, of the services that their bundles declare to call."""

import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from configsvc.agentgate.events import instances_event
from configsvc.agentgate.http import ProblemError
from configsvc.agentgate.streams import AgentStream
from configsvc.registry import Instance, Instances, combined, version_of

_log = logging.getLogger("configsvc.agentgate")

Service = tuple[str, str]

GATHER: Final = 0.01
"""Seconds for which changes of instances are gathered: many that come at once are told as one."""

_REMEMBERED: Final = 10_000
"""Bundles of which it is remembered whom they call."""


class _List(NamedTuple):
    """The instances of one service as its callers were told last, and their number."""

    version: int
    instances: Mapping[str, Instance]


_NOBODY: Final = _List(0, {})


class Callers:
    """Tells streams of instances: everything once, then what changes. Used by the loop's thread.

    All callers of a service are written the very same bytes. What they were told last is kept apart
    from what is known by now, so that a change always follows on what every caller has.

    Args:
        instances: all that there are.
        bundle: the bytes of a bundle by its digest.
        spawn: runs something to its end beside everything else.
        later: runs something after so many seconds.
    """

    def __init__(
        self,
        instances: Instances,
        bundle: Callable[[str], Coroutine[Any, Any, bytes]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._instances = instances
        self._bundle = bundle
        self._spawn = spawn
        self._later = later
        self._told: dict[Service, _List] = {}
        self._watching: defaultdict[Service, set[AgentStream]] = defaultdict(set)
        self._callees: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._changed: set[Service] = set()

    def read_anew(self, services: Iterable[Service]) -> None:
        """All instances were read, and those of these services are others than before."""
        self._changed.update(services)
        self._flush()

    def changed(self, services: Iterable[Service]) -> None:
        """The instances of these services have changed; their callers hear of it in a moment."""
        if not self._changed:
            self._later(GATHER, self._flush)
        self._changed.update(services)

    def want(self, streams: Sequence[AgentStream], digest: str) -> None:
        """The agents of streams hold a bundle from now on: tell them of whom that calls."""
        callees = self._callees.get(digest)
        if callees is None:
            self._spawn(self._read(streams, digest))
        else:
            self._join_all(streams, callees)

    def left(self, stream: AgentStream) -> None:
        """A stream has ended."""
        for callee in stream.callees:
            service = stream.identity[0], callee
            self._watching[service].discard(stream)
            if not self._watching[service]:
                del self._watching[service]

    def readable(self, stream: AgentStream) -> None:
        """An agent reads again: tell it whole lists in place of what it was not told meanwhile."""
        missed, stream.missed = stream.missed, set()
        for callee in sorted(missed & stream.callees):
            self._tell_all(stream, callee)

    def endpoints(self, stream: AgentStream) -> int:
        """The number of everything that a stream's agent was told."""
        namespace = stream.identity[0]
        return combined(self._list((namespace, callee)).version for callee in stream.callees)

    async def answer(self, namespace: str, digest: str) -> bytes:
        """The whole lists of whom a bundle calls, as JSON."""
        callees = await self._callees_of(digest)
        lists = [_whole(each, self._list((namespace, each))) for each in sorted(callees)]
        return orjson.dumps({"callees": lists})

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _list(self, service: Service) -> "_List":
        return self._told.get(service, _NOBODY)

    async def _read(self, streams: Sequence[AgentStream], digest: str) -> None:
        try:
            callees = await self._callees_of(digest)
        except ProblemError as problem:
            _log.error("a bundle cannot be read: %s", problem, extra={"digest": digest})
            for stream in streams:
                stream.cut()  # the agent keeps what it has and comes back
            return
        for stream in streams:
            wanted = stream.subscription.wanted
            if wanted is None or wanted.digest == digest:
                self._join_all([stream], callees)
            else:  # there is a newer one meanwhile
                self.want([stream], wanted.digest)

    async def _callees_of(self, digest: str) -> frozenset[str]:
        callees = self._callees.get(digest)
        if callees is None:
            callees = self._callees[digest] = callees_in(await self._bundle(digest))
            if len(self._callees) > _REMEMBERED:
                self._callees.popitem(last=False)
        return callees

    def _join_all(self, streams: Sequence[AgentStream], callees: frozenset[str]) -> None:
        for stream in streams:
            if not stream.told or stream.callees != callees:
                self._join(stream, callees)

    def _join(self, stream: AgentStream, callees: frozenset[str]) -> None:
        """Tell a stream of callees that are new to it; at first of all, unless it knows them."""
        if not stream.open:
            return
        new = callees - stream.callees
        self.left(stream)
        first, stream.callees = not stream.told, callees
        stream.told = True
        for callee in callees:
            self._watching[stream.identity[0], callee].add(stream)
        if first and stream.endpoints == self.endpoints(stream):
            return
        for callee in sorted(new):
            if self._list((stream.identity[0], callee)).version or stream.endpoints:
                self._tell_all(stream, callee)

    def _tell_all(self, stream: AgentStream, callee: str) -> None:
        whole = _whole(callee, self._list((stream.identity[0], callee)))
        self._write(stream, callee, instances_event(whole))

    def _flush(self) -> None:
        services, self._changed = self._changed, set()
        for service in services:
            known = self._instances.of(*service)
            before, after = self._list(service), _List(version_of(known.values()), known)
            if before.version == after.version:
                continue
            self._told[service] = after
            if not after.version:
                del self._told[service]
            event = instances_event(_difference(service[1], before, after))
            for stream in self._watching.get(service, ()):
                self._write(stream, service[1], event)

    @staticmethod
    def _write(stream: AgentStream, callee: str, event: bytes) -> None:
        """Write to a stream, or note what is to be said once its agent reads again."""
        if not stream.write(event):
            stream.missed.add(callee)


def callees_in(bundle: bytes) -> frozenset[str]:
    """Whom a bundle calls at instances of the caller's choice."""
    value = orjson.loads(bundle)
    return frozenset(
        each["callee"]
        for each in value.get("outbound", ())
        if each.get("discovery", {}).get("mode") == "client"
    )


def _whole(callee: str, known: _List) -> dict[str, Any]:
    return {
        "callee": callee,
        "version": known.version,
        "instances": [each.told() for each in known.instances.values()],
    }


def _difference(callee: str, before: _List, after: _List) -> dict[str, Any]:
    """What turns one list into the other; `base` names the list that it follows on."""
    old, new = before.instances, after.instances
    return {
        "callee": callee,
        "base": before.version,
        "version": after.version,
        "put": [
            each.told()
            for key, each in new.items()
            if key not in old or old[key].told() != each.told()
        ],
        "remove": [key for key in old if key not in new],
    }
