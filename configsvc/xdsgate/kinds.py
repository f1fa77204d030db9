"""One kind of resource on one stream: what the client asked for, what it has, what it lacks."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from configsvc.envoy import Resource

GONE = ""
"""The version of what the client was told not to exist."""


def _names(text: str, name: str) -> bool:
    """Whether a text has a name as a word of its own."""
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w/-])", text) is not None


@dataclass(frozen=True, slots=True)
class Sent:
    """A response that is under way: versions by name, and what the client has if it refuses."""

    nonce: str
    versions: Mapping[str, str]
    before: Mapping[str, str | None]


@dataclass(slots=True)
class KindState:
    """What a stream knows of one kind.

    ``held`` has versions by name, of what was acknowledged or is under way.
    """

    wildcard: bool = False
    names: set[str] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)
    sent: Sent | None = None

    def wants(self, name: str) -> bool:
        """Whether the client asked for a resource."""
        return self.wildcard or name in self.names

    def subscribe(self, names: Iterable[str]) -> None:
        """Take names; what is asked for again is sent again."""
        for name in names:
            if name == "*":
                self.wildcard = True
            else:
                self.names.add(name)
                self.held.pop(name, None)

    def forget(self, names: Iterable[str]) -> None:
        """Have resources sent again, though the client has them."""
        for name in names:
            self.held.pop(name, None)

    def unsubscribe(self, names: Iterable[str]) -> None:
        """Drop names, and what is known of them."""
        for name in names:
            if name == "*":
                self.wildcard = False
            self.names.discard(name)
            if not self.wildcard:
                self.held.pop(name, None)

    def lacking(self, target: Mapping[str, Resource]) -> list[Resource]:
        """Resources that the client should have in another version than it has."""
        names: Collection[str] = target if self.wildcard else self.names & target.keys()
        return [target[name] for name in names if self.held.get(name) != target[name].version]

    def surplus(self, target: Mapping[str, Resource]) -> list[str]:
        """Names of what the client has or waits for and the target has not."""
        had = {name for name, version in self.held.items() if version != GONE}
        waiting = {name for name in self.names if self.held.get(name) != GONE}
        return sorted((had | waiting) - target.keys())

    def holds(self, target: Mapping[str, Resource]) -> bool:
        """Whether the client has acknowledged all that it should have."""
        return self.sent is None and not self.lacking(target) and not self.surplus(target)

    def send(self, nonce: str, updated: Iterable[Resource], removed: Iterable[str]) -> None:
        """Note that a response is under way."""
        versions = {each.name: each.version for each in updated} | dict.fromkeys(removed, GONE)
        before = {name: self.held.get(name) for name in versions}
        self.held.update(versions)
        self.sent = Sent(nonce, versions, before)

    def acknowledge(self) -> None:
        """Note that the client took what was under way."""
        self.sent = None

    def refuse(self, error: str) -> Mapping[str, str]:
        """Note that the client refused it; return the versions by name that it complains of.

        Envoy names the culprits in its reason; where it names none, all of them are.
        """
        if self.sent is None:
            return {}
        sent, self.sent = self.sent, None
        updated = {name: v for name, v in sent.versions.items() if v != GONE}
        culprits = {name: v for name, v in updated.items() if _names(error, name)} or updated
        for name in culprits:
            before = sent.before[name]
            if before is None:
                self.held.pop(name, None)
            else:
                self.held[name] = before
        return culprits
