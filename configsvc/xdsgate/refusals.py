"""What each client refused and why, kept in the store: it is never sent the same again."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from configsvc.envoy import SHORT_NAMES, Key

MAX_KEPT: Final = 64
"""Refused resources that are remembered of a client; the oldest go first."""

MAX_REASON: Final = 1_000
"""Characters of a reason."""

_KINDS = {short: kind for kind, short in SHORT_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One version of a resource that a client refused, and what it said."""

    version: str
    reason: str


def is_local(reason: str) -> bool:
    """Whether the reason lies in the client's machine, such as a port in use.

    That may be over when the client comes back: it is no fault of what it was sent.
    """
    return "cannot bind" in reason or "cannot listen" in reason


class Refusals:
    """Everything that one client refused. Not for several threads at once."""

    def __init__(self, refusals: Mapping[Key, Refusal] | None = None) -> None:
        self._kept: OrderedDict[Key, Refusal] = OrderedDict(refusals or {})

    def add(self, refused: Mapping[Key, str], reason: str) -> None:
        """Take versions by kind and name that were refused for one reason."""
        for key, version in refused.items():
            self._kept.pop(key, None)
            self._kept[key] = Refusal(version, reason[:MAX_REASON])
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    @property
    def versions(self) -> Mapping[Key, str]:
        """The refused version of each resource."""
        return {key: each.version for key, each in self._kept.items()}

    def reason(self, keys: tuple[Key, ...]) -> str:
        """What was said of these, for people."""
        return "; ".join(
            f"{SHORT_NAMES[kind]} {name}: {self._kept[kind, name].reason}" for kind, name in keys
        )

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "refused": [
                {
                    "kind": SHORT_NAMES[kind],
                    "name": name,
                    "version": each.version,
                    "reason": each.reason,
                }
                for (kind, name), each in self._kept.items()
            ]
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(
            {
                (_KINDS[each["kind"]], str(each["name"])): Refusal(
                    str(each["version"]), str(each["reason"])
                )
                for each in value["refused"]
            }
        )
