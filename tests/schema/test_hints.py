"""What was probably meant."""

import pytest

from configsvc.model.names import Kind
from configsvc.schema.hints import elsewhere, nearest, quantity

FIELDS = ("attempts", "retryOn", "backoff", "otherInstance", "nonIdempotent")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("atempts", "attempts"),
        ("maxAttempts", "attempts"),
        ("retry_on", "retryOn"),
        ("RetryOn", "retryOn"),
        ("on", "retryOn"),
        ("backOff", "backoff"),
        ("other-instance", "otherInstance"),
        ("zebra", None),
        ("", None),
        ("s", None),
        ("x" * 100_000, None),
    ],
)
def test_the_nearest_name(name: str, meant: str | None) -> None:
    """Spelling, case, separators and a missing first half are seen through."""
    assert nearest(name, FIELDS) == meant


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        (Kind.RETRY, "base", "spec.backoff.base"),
        (Kind.RETRY, "max", None),
        (Kind.RETRY, "attempts", "spec.attempts"),
        (Kind.SERVICE, "drain", "spec.server.drain"),
        (Kind.SERVICE, "streaming", "spec.operations[].streaming"),
        (Kind.SERVICE, "nothing", None),
    ],
)
def test_where_a_field_belongs(kind: Kind, name: str, path: str | None) -> None:
    """Only a field that exists in one place is pointed to."""
    assert elsewhere(kind, name) == path


@pytest.mark.parametrize(
    ("kind", "written", "advice"),
    [
        ("duration", 200, "write a number with a unit, such as '200ms'"),
        ("duration", 5, "write a number with a unit, such as '5s'"),
        ("duration", -5, "write a number with a unit, such as '200ms'"),
        ("duration", 1.5, "write a number with a unit, such as '200ms'"),
        ("duration", None, "write a number with a unit, such as '200ms'"),
        ("duration", True, "write a number with a unit, such as '200ms'"),
        ("duration", "200", "write a number with a unit, such as '200ms'"),
        ("duration", "soon", "write a number with a unit, such as '200ms'"),
        ("duration", "200 ms", "write '200ms'"),
        ("duration", "1.5s", "write '1s500ms'"),
        ("duration", "2sec", "write '2s'"),
        ("duration", "5 minutes", "write '5m'"),
        ("duration", "100µs", "write '100us'"),
        ("share", 0.2, "write '20%'"),
        ("share", 20, "write '20%'"),
        ("share", 1, "write a percentage, such as '20%'"),
        ("share", "0.125", "write '12.5%'"),
        ("share", "20 %", "write '20%'"),
        ("share", "half", "write a percentage, such as '20%'"),
        ("size", "64KB", "write '64KiB'"),
        ("size", "1m", "write '1MiB'"),
        ("size", 65_536, "write '64KiB'"),
        ("size", "big", "write a number with B, KiB, MiB or GiB, such as '64KiB'"),
    ],
)
def test_how_a_quantity_is_written(kind: str, written: object, advice: str) -> None:
    """Where the meaning is clear the right text is given, else an example."""
    assert quantity(kind, written)[1] == advice
