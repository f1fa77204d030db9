"""Every rule's generator."""

from tests.analysis.generators import (
    amplification,
    breakers,
    capacity,
    deadlines,
    graphs,
    notes,
    retries,
)
from tests.analysis.generators.generator import Generator

GENERATORS: tuple[Generator, ...] = (
    *amplification.GENERATORS,
    *breakers.GENERATORS,
    *capacity.GENERATORS,
    *deadlines.GENERATORS,
    *graphs.GENERATORS,
    *notes.GENERATORS,
    *retries.GENERATORS,
)

WITHOUT: dict[str, str] = {}
"""Rules of which no configuration can be generated, and why."""
