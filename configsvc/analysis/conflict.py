"""What a check found, before the engine knows where it was written and on how many edges."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from configsvc.model.findings import EdgeId, Place, Severity, Subject, Witness
from configsvc.model.resources import Source


class Provenance(Protocol):
    """Knows where the fields of one edge or node were written."""

    def sources(self, field: str, /) -> tuple[Source, ...]:
        """Return where ``field`` (``retry.backoff.base``) was written; empty: a default."""

    def home(self, field: str, /) -> tuple[Source, ...]:
        """Return where ``field`` would be added to a document that has a say; empty: there is none.

        The last is the field itself; those before it are objects that have to be created first.
        """


class Removal(Enum):
    """The value of a `Repair` that deletes the field."""

    REMOVE = "remove"


REMOVE = Removal.REMOVE


@dataclass(frozen=True, slots=True)
class Evidence:
    """A field that takes part in a conflict, and the text that describes what stands there.

    ``owner`` knows where the field was written; None is the edge or node under check.
    """

    field: str
    text: str
    owner: Provenance | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Repair:
    """The change of one field that clears a conflict; ``value`` is as written in a document."""

    field: str
    value: Any
    title: str
    owner: Provenance | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One mistake in one place.

    ``fields`` maps each field that takes part to the text that describes its value; ``evidence``
    and ``places`` add what stands elsewhere. ``severity`` None is the rule's. ``subject`` None is
    what is under check. ``edges`` are the edges concerned, where they are not the subject's.
    ``detail`` names what tells it from other conflicts of the same subject.
    ``even_if`` tells which values of missing data the arithmetic assumes, where it holds for all
    values.
    """

    magnitude: float
    arguments: Mapping[str, str] = dataclasses.field(default_factory=dict)
    fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    witness: Witness | None = None
    severity: Severity | None = None
    repair: Repair | None = None
    evidence: tuple[Evidence, ...] = ()
    places: tuple[Place, ...] = ()
    subject: Subject | None = None
    edges: tuple[EdgeId, ...] = ()
    detail: str = ""
    even_if: tuple[str, ...] = ()
