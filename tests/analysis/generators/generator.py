"""What a generator of configurations is: fields of documents, values for them, and the verdict.

A generator starts from the documents of a rule's cases, writes values that are drawn into some of
their fields, and says of these values alone whether the rule has to speak. What it says is reckoned
from the rule's page, and never with what the rule reckons with.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any

from hypothesis import strategies as st

from configsvc.analysis.rule import Rule
from tests.analysis.cases import RULES, documents_of_case
from tests.analysis.documents import Value

Drawn = tuple[Any, ...]


@dataclass(frozen=True)
class Values:
    """The values of a field: as they are drawn and compared, and as documents write them."""

    drawn: st.SearchStrategy[Any]
    written: Callable[[Any], object] = lambda value: value

    def inside(self, outer: Callable[[Any], object]) -> "Values":
        """The same values, written as a part of something larger."""
        return Values(self.drawn, lambda value: outer(self.written(value)))


@dataclass(frozen=True)
class Generator:
    """Configurations of which a rule has to say something, or nothing.

    ``fields`` are named as in the files of cases; ``violates`` gets the values drawn for them, in
    this order, and returns whether the rule has to speak, or None where the documents leave it
    open. ``case`` is the case that is varied, instead of the documents of all cases; ``beside`` are
    further rules that run, because this one is about what they say.
    """

    code: str
    fields: Mapping[str, Values]
    violates: Callable[..., bool | None]
    case: str | None = None
    beside: Sequence[str] = field(default=())

    @cached_property
    def base(self) -> tuple[Value, ...]:
        """The documents that are varied."""
        return documents_of_case(RULES[self.code], self.case)

    @property
    def rules(self) -> list[type[Rule]]:
        """The rules that run."""
        return [RULES[code] for code in (self.code, *self.beside)]

    def values(self, *, violating: bool) -> st.SearchStrategy[Drawn]:
        """Values of the fields that are a conflict, or that are none."""
        every = st.tuples(*(values.drawn for values in self.fields.values()))
        return every.filter(lambda drawn: self.violates(*drawn) is violating)

    def documents(self, drawn: Drawn) -> list[Value]:
        """The documents with these values in them."""
        documents = deepcopy(list(self.base))
        for (way, values), value in zip(self.fields.items(), drawn, strict=True):
            _write(documents, way, values.written(value))
        return documents


def _write(documents: list[Value], way: str, value: object) -> None:
    """Put ``value`` where a field of a document is; None leaves the field out."""
    owner, *path = way.split(".")
    (document,) = (d for d in documents if owner in (d["kind"], d["metadata"]["name"]))
    *parents, last = ("spec", *path)
    container: Any = document
    for part in parents:
        container = (
            container[int(part)] if isinstance(container, list) else container.setdefault(part, {})
        )
    if value is None:
        container.pop(last, None)
    else:
        container[int(last) if isinstance(container, list) else last] = value


def _milliseconds(value: float) -> str:
    return "none" if value == inf else f"{int(value)}ms"


def ms(low: int, high: int, *, step: int = 1, unlimited: bool = False) -> Values:
    """Durations in milliseconds; ``unlimited``: infinity too, which documents write as ``none``."""
    numbers: st.SearchStrategy[float] = st.integers(low // step, high // step).map(
        lambda number: number * step
    )
    return Values(numbers | st.just(inf) if unlimited else numbers, _milliseconds)


def whole(low: int, high: int, written: Callable[[int], object] = lambda value: value) -> Values:
    """Whole numbers."""
    return Values(st.integers(low, high), written)


def percent(low: int, high: int, *, step: int = 1) -> Values:
    """Shares in whole percent."""
    numbers = st.integers(low // step, high // step).map(lambda number: number * step)
    return Values(numbers, lambda number: f"{number}%")


def one_of(*values: object, written: Callable[[Any], object] = lambda value: value) -> Values:
    """One of some values."""
    return Values(st.sampled_from(values), written)


def some(*names: str, least: int = 1) -> Values:
    """A list of some of these names, at least so many of them."""
    return Values(st.lists(st.sampled_from(names), min_size=least, unique=True))


def seconds(low: int, high: int) -> Values:
    """Durations in whole seconds."""
    return Values(st.integers(low, high), lambda number: f"{number}s")


FLAG = one_of(True, False)  # noqa: FBT003 a value like any other
"""True or false."""


def waits(attempts: int, base: float, *, longest: float = 1_000, factor: float = 2) -> float:
    """The longest back-offs of so many attempts together, without decorrelated jitter."""
    return sum(min(longest, base * factor**index) for index in range(attempts - 1))


TAILS = {"p50": 50.0, "p90": 10.0, "p95": 5.0, "p99": 1.0, "p999": 0.1}
"""Percent of healthy attempts that take longer than each percentile, at the most."""


def latencies(low: int, high: int) -> Values:
    """Every percentile, in milliseconds."""
    several = st.lists(st.integers(low, high), min_size=len(TAILS), max_size=len(TAILS))
    return Values(
        several.map(lambda numbers: dict(zip(TAILS, sorted(numbers), strict=True))),
        lambda each: {name: f"{number}ms" for name, number in each.items()},
    )


def share_above(latency: Mapping[str, int], limit: float) -> tuple[float, float]:
    """Between which shares, in percent, attempts take longer than ``limit``: (least, most].

    The least is left out: more than it take longer.
    """
    least = max((TAILS[name] for name, value in latency.items() if value > limit), default=0.0)
    most = min((TAILS[name] for name, value in latency.items() if value <= limit), default=100.0)
    return least, most
