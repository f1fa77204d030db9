"""Where everything lies in the key space. No other module spells a key.

Names must not contain ``/``; numbers are padded so that key order is their order. `Place` is the
way back: what a watched key is about.
"""

import re
from dataclasses import dataclass
from typing import Final

from configsvc.store.errors import InvalidTransactionError

ROOT: Final = "/configsvc/1/"
"""Everything; the number changes with the layout."""

BLOBS: Final = f"{ROOT}blob/"
"""Blobs, on backends that keep them among the keys. Not for use through the port."""

NAMESPACES: Final = f"{ROOT}ns/"
"""Everything that belongs to some namespace."""

TOKENS: Final = f"{ROOT}token/"
"""Tokens of operators and agents, by their identifier."""

SESSIONS: Final = f"{ROOT}session/"
"""Sessions of the console, by their identifier."""

BEATS: Final = f"{ROOT}beat/"
"""Signs of life of agent-facing processes that have streams of registered instances."""

NODES: Final = f"{ROOT}node/"
"""Live nodes, and who of them leads."""

TRANSFER: Final = f"{ROOT}transfer"
"""There while something is copied into the store: says what, so that it can be finished."""

_UNUSABLE: Final = re.compile("[/\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a namespace, taken apart.

    `part` is ``head``, ``rev``, ``rollout``, ``instance``, ``ack``, ``idem``, ``audit``,
    ``folder``, ``settings`` or ``turn``; `rest` are the segments after it.
    """

    namespace: str
    part: str
    rest: tuple[str, ...]


def blob(digest: str) -> str:
    """Return the key of a blob, on backends that keep blobs among the keys."""
    return f"{BLOBS}{_name(digest)}"


def namespace(name: str) -> str:
    """Return the prefix of everything in a namespace."""
    return f"{NAMESPACES}{_name(name)}/"


def beyond_namespace(name: str) -> str:
    """Return a bound that follows every key of the namespace and precedes the next one's."""
    return f"{NAMESPACES}{_name(name)}0"  # "0" is the character after "/"


def head(name: str) -> str:
    """Return the key of a namespace's head: compared and put by each change."""
    return f"{namespace(name)}head"


def settings(name: str) -> str:
    """Return the key of a namespace's settings."""
    return f"{namespace(name)}settings"


def turn(name: str) -> str:
    """Return the key of the claim of whoever publishes to a namespace next."""
    return f"{namespace(name)}turn"


def revisions(name: str) -> str:
    """Return the prefix of a namespace's history."""
    return f"{namespace(name)}rev/"


def revision(name: str, number: int) -> str:
    """Return the key of one revision's record."""
    return f"{revisions(name)}{_number(number)}"


def rollouts(name: str) -> str:
    """Return the prefix of a namespace's rollouts."""
    return f"{namespace(name)}rollout/"


def rollout(name: str, number: int) -> str:
    """Return the key of one rollout, by the revision that began it."""
    return f"{rollouts(name)}{_number(number)}"


def instances(name: str, service: str | None = None) -> str:
    """Return the prefix of a namespace's instances, or of those of one service."""
    whole = f"{namespace(name)}instance/"
    return whole if service is None else f"{whole}{_name(service)}/"


def instance(name: str, service: str, identifier: str) -> str:
    """Return the key of one instance of a service."""
    return f"{instances(name, service)}{_name(identifier)}"


def acks(name: str, number: int | None = None) -> str:
    """Return the prefix of a namespace's acknowledgements, or of those of one revision."""
    whole = f"{namespace(name)}ack/"
    return whole if number is None else f"{whole}{_number(number)}/"


def ack(name: str, number: int, process: str) -> str:
    """Return the key of what one process counted for one revision."""
    return f"{acks(name, number)}{_name(process)}"


def refusals(name: str, node: str, client: str) -> str:
    """Return the key of what one client of xDS refused; `node` is its gateway or service."""
    return f"{namespace(name)}refused/{_name(node)}/{_name(client)}"


def idempotency_keys(name: str) -> str:
    """Return the prefix of a namespace's remembered answers."""
    return f"{namespace(name)}idem/"


def idempotency_key(name: str, key: str) -> str:
    """Return the key of the answer remembered for one idempotency key."""
    return f"{idempotency_keys(name)}{_name(key)}"


def audits(name: str) -> str:
    """Return the prefix of a namespace's audit trail, in the order of time."""
    return f"{namespace(name)}audit/"


def audit(name: str, at: int, nonce: str) -> str:
    """Return the key of an audit entry; `nonce` keeps two of one microsecond apart."""
    return f"{audits(name)}{_number(at)}-{_name(nonce)}"


def folder(name: str, identifier: str) -> str:
    """Return the key of what a watched folder published last to a namespace."""
    return f"{namespace(name)}folder/{_name(identifier)}"


def session(identifier: str) -> str:
    """Return the key of one session of the console."""
    return f"{SESSIONS}{_name(identifier)}"


def token(identifier: str) -> str:
    """Return the key of a token."""
    return f"{TOKENS}{_name(identifier)}"


def beat(owner: str) -> str:
    """Return the key where an agent-facing process gives its signs of life."""
    return f"{BEATS}{_name(owner)}"


def node(identifier: str) -> str:
    """Return the key of a node."""
    return f"{NODES}{_name(identifier)}"


def place(key: str) -> Place | None:
    """Take a key apart; None when it belongs to no namespace."""
    name, part, *rest = (*key.removeprefix(NAMESPACES).split("/"), "")
    if not key.startswith(NAMESPACES) or not part:
        return None
    return Place(name, part, tuple(rest[:-1]))


def number(segment: str) -> int:
    """Return the revision that a segment such as ``00000000000000ff`` spells."""
    return int(segment, 16)


def _number(value: int) -> str:
    if not 0 <= value < 1 << 64:
        raise InvalidTransactionError(f"{value} cannot be part of a key: use 0 to 2^64 - 1")
    return f"{value:016x}"


def _name(segment: str) -> str:
    if not segment or _UNUSABLE.search(segment):
        raise InvalidTransactionError(
            f"{segment[:80]!r} cannot be part of a key: it must not be empty or hold '/', NUL or "
            "half a surrogate"
        )
    return segment
