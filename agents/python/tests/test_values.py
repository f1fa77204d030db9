"""Frozen values behave like frozen dataclasses."""

import copy
import dataclasses
import pickle
import subprocess
import sys

import pytest

from configsvc_agent.values import Value, replace

HEAVY = frozenset({"asyncio", "dataclasses", "http.client", "inspect", "json", "logging", "ssl"})
"""What importing the agent must not import: each would cost as much as the agent itself."""


class Span(Value):
    """From where to where."""

    low: int
    high: int = 10

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"{self.low} > {self.high}")


class Other(Value):
    """Looks like a span."""

    low: int
    high: int = 10


class Nothing(Value):
    """Has no field."""


def test_fields_are_given_by_position_name_or_default() -> None:
    """The parameters are the fields in their order."""
    assert (Span(1).high, Span(1, high=5).high, Span(high=3, low=2).low) == (10, 5, 2)


@pytest.mark.parametrize("arguments", [{}, {"low": 1, "middle": 2}])
def test_a_missing_or_unknown_field_is_refused(arguments: dict[str, int]) -> None:
    """As for any function, also when the first one is made."""
    with pytest.raises(TypeError, match=r"missing|unexpected"):
        type("Fresh", (Value,), {"__annotations__": {"low": "int"}})(**arguments)


def test_a_value_checks_itself() -> None:
    """Each new value is checked, replaced ones too."""
    with pytest.raises(ValueError, match="11 > 10"):
        Span(11)
    with pytest.raises(ValueError, match="11 > 10"):
        replace(Span(1), low=11)


def test_values_are_frozen() -> None:
    """Neither assignment nor deletion, nor a field that nobody declared."""
    span = Span(1)
    with pytest.raises(AttributeError, match=r"cannot assign to Span\.low"):
        span.low = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"cannot assign to Span\.extra"):
        span.extra = 2  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"cannot delete Span\.low"):
        del span.low
    assert not hasattr(span, "__dict__")


def test_values_are_equal_within_their_class() -> None:
    """The class belongs to the identity; what is no value is never equal."""
    assert Span(1) == Span(1, 10)
    assert Span(1) != Span(2)
    assert Span(1) != Other(1)
    assert Span(1) != (1, 10)
    assert Nothing() == Nothing()
    assert len({Span(1), Span(1), Span(2), Nothing(), Nothing()}) == 3


def test_a_value_shows_its_fields() -> None:
    """As it would be written."""
    assert (repr(Span(1)), repr(Nothing())) == ("Span(low=1, high=10)", "Nothing()")


def test_values_match_patterns_by_position() -> None:
    """The fields are the positions."""
    match Span(1):
        case Span(low, high):
            assert (low, high) == (1, 10)


def test_values_survive_copying_and_pickling() -> None:
    """A copy is equal."""
    span = Span(1, 2)

    assert copy.deepcopy(span) == span
    assert pickle.loads(pickle.dumps(span)) == span  # noqa: S301 - our own bytes


def test_the_functions_of_dataclasses_take_values() -> None:
    """Users need not know that values are no dataclasses."""
    assert dataclasses.is_dataclass(Span(1))
    assert [field.name for field in dataclasses.fields(Span)] == ["low", "high"]
    assert dataclasses.asdict(Span(1)) == {"low": 1, "high": 10}
    assert dataclasses.replace(Span(1), high=2) == Span(1, 2)


def test_importing_the_agent_imports_nothing_heavy() -> None:
    """A service pays for what it uses when it uses it."""
    code = "import sys; from configsvc_agent import Agent; print(*sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert HEAVY & set(shown.split()) == set()
