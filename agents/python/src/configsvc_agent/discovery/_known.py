"""The registered instances of every callee. What is not heard of never takes one away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any

from configsvc_agent.errors import AgentError
from configsvc_agent.values import NOTHING, Value

MAX_INSTANCES = 10_000
"""Instances of one callee that are kept."""


class InstancesError(AgentError):
    """What should be a list of instances is none."""


class Registered(Value):
    """One registered instance. ``healthy``: what the server's health checks say."""

    id: str
    address: str
    labels: Mapping[str, str] = NOTHING
    healthy: bool = True

    def to_json(self) -> dict[str, object]:
        """As the protocol has it."""
        return {
            "id": self.id,
            "address": self.address,
            "labels": dict(self.labels),
            "healthy": self.healthy,
        }


class Listed(Value):
    """What the server says of one callee: the whole list, or a change since version ``base``.

    ``base`` ``None`` is the whole list; ``put`` are then all instances and ``remove`` is empty.
    """

    callee: str
    version: int
    put: tuple[Registered, ...]
    base: int | None = None
    remove: tuple[str, ...] = ()

    @classmethod
    def read(cls, body: object) -> Listed:
        """What an ``instances`` event or an element of the answer to a fetch says.

        Raises:
            InstancesError: it does not say what it should.
        """
        if not isinstance(body, dict):
            raise InstancesError(f"instances are no JSON object, but {str(body)[:80]!r}")
        whole = "instances" in body
        found = body.get("instances" if whole else "put")
        removed = body.get("remove", [])
        if not isinstance(found, list) or len(found) > MAX_INSTANCES:
            raise InstancesError(f"instances of a callee are no list of at most {MAX_INSTANCES}")
        if not isinstance(removed, list) or not all(isinstance(each, str) for each in removed):
            raise InstancesError("the instances to remove are no list of texts")
        return cls(
            callee=_text(body, "callee"),
            version=_count(body, "version"),
            put=tuple(_registered(each) for each in found),
            base=None if whole else _count(body, "base"),
            remove=tuple(removed),
        )


class _List:
    """One callee's instances: those listed, and those held that an odd list left out."""

    __slots__ = ("epoch", "held", "listed", "version")

    def __init__(self) -> None:
        self.version = 0
        self.epoch = ""
        self.listed: dict[str, Registered] = {}
        self.held: dict[str, Registered] = {}

    def everything(self) -> tuple[Registered, ...]:
        return (*self.listed.values(), *self.held.values())

    def take_whole(self, epoch: str, listed: Listed) -> None:
        """Obey a whole list, unless it is empty or of a store that has begun anew.

        Such a store has forgotten everybody, and hears of each again only by and by: those it does
        not know stay until it lists as many, or, in the same epoch, any.
        """
        missing = {each.id: each for each in self.everything()}
        new = {each.id: each for each in listed.put}
        trusted = bool(new) and epoch == self.epoch
        self.held = {} if trusted else {k: v for k, v in missing.items() if k not in new}
        self.listed, self.version = new, listed.version
        self.epoch = epoch if new else self.epoch
        self._let_go()

    def take_change(self, listed: Listed) -> None:
        for each in listed.put:
            self.listed[each.id] = each
            self.held.pop(each.id, None)
        for identifier in listed.remove:
            self.listed.pop(identifier, None)
            self.held.pop(identifier, None)
        self.version = listed.version
        self._let_go()

    def _let_go(self) -> None:
        if len(self.listed) >= len(self.held):
            self.held = {}


class Known:
    """All lists of one agent. Safe between threads; ``changed`` is called outside of the lock."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed
        self._lock = Lock()
        self._lists: dict[str, _List] = {}
        self._callees: frozenset[str] | None = None

    def of(self, callee: str) -> tuple[Registered, ...]:
        """The instances of ``callee`` to choose from."""
        with self._lock:
            known = self._lists.get(callee)
            return () if known is None else known.everything()

    @property
    def endpoints(self) -> int:
        """The number of everything that the server has told; 0 for nothing."""
        with self._lock:
            result = 0
            for each in self._lists.values():
                result ^= each.version
            return result

    def take(self, listed: Listed, epoch: str) -> bool:
        """Obey what the server says; false, and nothing has changed, if it follows on another list.

        ``epoch`` is the lineage of the server's store.
        """
        with self._lock:
            known = self._lists.setdefault(listed.callee, _List())
            if listed.base is None:
                known.take_whole(epoch, listed)
            elif listed.base == known.version:
                known.take_change(listed)
                known.epoch = known.epoch or epoch
            else:
                return False
        self._changed(listed.callee)
        return True

    def take_all(self, lists: Iterable[Listed], epoch: str) -> None:
        """Obey the answer to a fetch: the whole lists of all callees, and of no others."""
        found = tuple(lists)
        for each in found:
            self.take(each, epoch)
        self.forget_others(frozenset(each.callee for each in found))

    def forget_others(self, callees: frozenset[str]) -> None:
        """Drop the lists of whom this service does not call any more."""
        with self._lock:
            for name in self._lists.keys() - callees:
                del self._lists[name]

    # ── on disk ──────────────────────────────────────────────────────────────────────────────────

    def encode(self) -> bytes:
        """Everything, for :meth:`restore`."""
        with self._lock:
            body = [
                {
                    "callee": name,
                    "version": each.version,
                    "epoch": each.epoch,
                    "instances": [one.to_json() for one in each.listed.values()],
                    "held": [one.to_json() for one in each.held.values()],
                }
                for name, each in self._lists.items()
            ]
        import json  # noqa: PLC0415  with the delivery

        return json.dumps(body).encode()

    def restore(self, data: bytes) -> None:
        """Begin with what :meth:`encode` wrote, where the server has not been quicker.

        Raises:
            InstancesError: it is not what was written.
        """
        import json  # noqa: PLC0415  with the delivery

        try:
            body = json.loads(data)
            lists = [(Listed.read(each), _held(each), str(each["epoch"])) for each in body]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InstancesError(f"the instances on disk cannot be read: {error!r}") from error
        for listed, held, epoch in lists:
            with self._lock:
                if listed.callee in self._lists:
                    continue
                known = self._lists[listed.callee] = _List()
                known.version, known.epoch = listed.version, epoch
                known.listed = {each.id: each for each in listed.put}
                known.held = {each.id: each for each in held}
            self._changed(listed.callee)


def _held(body: Mapping[str, Any]) -> tuple[Registered, ...]:
    return tuple(_registered(each) for each in body.get("held", ()))


def _registered(body: object) -> Registered:
    if not isinstance(body, dict):
        raise InstancesError(f"an instance is no JSON object, but {str(body)[:80]!r}")
    labels, address = body.get("labels", {}), _text(body, "address")
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise InstancesError(f"an instance has the address {address[:80]!r}, not host:port")
    if not isinstance(labels, dict):
        raise InstancesError("the labels of an instance are no JSON object")
    named = {str(name): str(value) for name, value in labels.items()}
    return Registered(_text(body, "id"), address, named, body.get("healthy") is not False)


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 256:  # noqa: PLR2004  names
        raise InstancesError(f"instances have {name} {str(value)[:80]!r}, which is no short text")
    return value


def _count(body: Mapping[str, object], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise InstancesError(f"instances have {name} {str(value)[:80]!r}, which is no count")
    return value
