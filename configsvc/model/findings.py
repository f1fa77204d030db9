"""Findings: what the analyzer says about a configuration, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from configsvc.model.experiments import Experiment
from configsvc.model.names import Key


class Severity(IntEnum):
    """How bad a finding is; comparable, larger is worse."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The word shown to people: ``info``, ``warning`` or ``error``."""
        return self.name.lower()


class EdgeId(NamedTuple):
    """A call: who calls whom for which operation (``*``: none of those declared).

    A tuple, because checks of large graphs compare and look up a great many of them.
    """

    caller: str
    callee: str
    operation: str

    def __str__(self) -> str:
        return f"{self.caller} -> {self.callee} {self.operation}"


OldSide = Literal["callers", "callees", "some"]
"""Who runs the old revision in a fleet that changes over, while the others run the new one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about: one edge, a path of edges, or a resource (exactly one is set)."""

    edge: EdgeId | None = None
    path: tuple[EdgeId, ...] = ()
    resource: Key | None = None

    def __str__(self) -> str:
        if self.edge is not None:
            return str(self.edge)
        if self.path:
            return " -> ".join(
                [self.path[0].caller, *(f"{e.callee}[{e.operation}]" for e in self.path)]
            )
        return str(self.resource)


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a document that takes part in the conflict; ``label`` says what is there."""

    resource: Key
    pointer: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A concrete run that shows the harm, in words; ``run`` is it for the simulator, if it can."""

    load: str
    faults: str
    seen: str
    meant: str
    run: Experiment | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """The smallest repair: an RFC 6902 patch of one resource's document."""

    resource: Key
    patch: tuple[Mapping[str, Any], ...]
    title: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake.

    ``magnitude`` is a number that grows with the harm. ``fingerprints`` holds the finding's own
    identity first and then those of the findings folded into it. ``edges`` lists every edge that
    has the mistake. ``old`` says who runs the old revision where the mistake is of a mixed fleet
    only; None: it is of the revision itself.
    """

    code: str
    name: str
    severity: Severity
    magnitude: float
    subject: Subject
    message: str
    arguments: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    places: tuple[Place, ...] = ()
    witness: Witness | None = None
    fix: Fix | None = None
    fingerprints: tuple[str, ...] = ()
    consequences: tuple["Finding", ...] = ()
    edges: tuple[EdgeId, ...] = ()
    waived_by: str | None = None
    old: OldSide | None = None


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """A rule that could not decide, and the data that it misses.

    ``edges`` lists every edge that misses the same data; ``subject`` is the first of them.
    """

    code: str
    subject: Subject
    missing: tuple[str, ...]
    edges: tuple[EdgeId, ...] = ()
