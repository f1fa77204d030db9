"""Policy values that cannot be relied on: reading one leaves a check undecided."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from configsvc.analysis.scenario import AmbiguousFieldError, UndecidableError, UnknownPolicyError
from configsvc.model.policies import Timeout

T = TypeVar("T")

_ATTRIBUTES = {
    "failures.record": "record",
    "failures.ignore": "ignore",
    "lastGood.maxAge": "last_good_max_age",
}


class _Ambiguous:
    """A value some of whose leaves were set twice, differently, by equally specific targets."""

    __slots__ = ("_fields", "_value")

    def __init__(self, value: object, fields: dict[str, str]) -> None:
        self._value = value
        self._fields = fields

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands for any policy
        if name in self._fields:
            raise AmbiguousFieldError(self._fields[name])
        return getattr(self._value, name)


class _Unmanaged:
    """The time-outs of a caller in which nothing enforces policies."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands for any policy
        raise UnknownPolicyError


def ambiguous(value: T, part: str, leaves: Iterable[str]) -> T:
    """``value`` without the leaves that are ambiguous; a check that reads one is not evaluated."""
    return cast("T", _Ambiguous(value, {_attribute(leaf): f"{part}.{leaf}" for leaf in leaves}))


def readable(read: Callable[[], T], otherwise: T) -> T:
    """What ``read`` gives, or ``otherwise`` where the policy's value cannot be relied on.

    For what is reckoned over the whole graph, where nobody asks what is missing.
    """
    try:
        return read()
    except UndecidableError:
        return otherwise


def unmanaged_timeout() -> Timeout:
    """What stands for the time-outs that nobody knows."""
    return cast("Timeout", _Unmanaged())


def _attribute(leaf: str) -> str:
    """The attribute of the effective value that holds a leaf, or the object around it."""
    if leaf in _ATTRIBUTES:
        return _ATTRIBUTES[leaf]
    first = leaf.partition(".")[0]
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in first)
