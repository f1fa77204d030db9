"""A change as its author sends it, and what of it can be refused whatever the namespace holds."""

from dataclasses import dataclass
from typing import Final

from configsvc.model.names import Key
from configsvc.model.resources import MANAGED_BY_API
from configsvc.rollout import Plan
from configsvc.schema import Document
from configsvc.store import MAX_CHANGE_BYTES
from configsvc.usecases.errors import ChangeTooLargeError, InvalidChangeError

MAX_RESOURCES: Final = 1_000
"""Puts and deletes of one change."""

MAX_MESSAGE: Final = 2_000
"""Characters of a change's message."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """What one resource must be for a write of it: the digest seen, or None for absent."""

    key: Key
    digest: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """An atomic set of puts and deletes.

    `base` is the revision that the author saw, None where `preconditions` stand in its place.
    `writer` is who manages what is written: ``api`` or ``folder:NAME``. `rollout` is the plan by
    which it reaches the fleet in stages, None to reach all at once. A document of `put` whose
    origin is a JSON pointer (``/put/0``) came from there in the request.
    """

    message: str
    base: int | None
    put: tuple[Document, ...] = ()
    delete: tuple[Key, ...] = ()
    confirm: bool = False
    take_over: bool = False
    writer: str = MANAGED_BY_API
    preconditions: tuple[Precondition, ...] = ()
    rollout: Plan | None = None


def check_message(message: str) -> None:
    """Do nothing if a message says something and is short enough, else `InvalidChangeError`."""
    if not message.strip():
        raise InvalidChangeError("/message", "the message is empty: say why this is done")
    if len(message) > MAX_MESSAGE:
        raise InvalidChangeError(
            "/message",
            f"the message has {len(message)} characters, at most {MAX_MESSAGE} are kept",
        )


def check_count(change: Change) -> None:
    """Do nothing if a change has something in it, and not too much.

    Raises:
        InvalidChangeError: it is empty.
        ChangeTooLargeError: it touches more than `MAX_RESOURCES` resources.
    """
    count = len(change.put) + len(change.delete)
    if count == 0:
        raise InvalidChangeError("", "the change puts and deletes nothing: name some resource")
    if count > MAX_RESOURCES:
        raise ChangeTooLargeError(
            "",
            f"the change touches {count} resources, at most {MAX_RESOURCES} fit in one: split it",
        )


def check_size(size: int) -> None:
    """Do nothing if documents of so many bytes fit in a change, else `ChangeTooLargeError`."""
    if size > MAX_CHANGE_BYTES:
        raise ChangeTooLargeError(
            "/put",
            f"the documents have {size} bytes, at most {MAX_CHANGE_BYTES} fit in one change: "
            "split it",
        )
