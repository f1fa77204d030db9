"""Plain scalars by the core schema of YAML 1.2."""

import pytest

from configsvc.schema.yaml_scalars import scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRue", "tRue"),
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("n", "n"),
        ("0", 0), ("-1", -1), ("+7", 7), ("012", 12), ("0o17", 15), ("0x1F", 31),
        ("-0o17", "-0o17"),
        ("0b11", "0b11"), ("1_000", "1_000"), ("1:30", "1:30"), ("190:20:30", "190:20:30"),
        ("1.5", 1.5), ("-.5", -0.5), ("2.", 2), ("2.0", 2), ("1e3", 1000), ("1.5E-1", 0.15),
        (".", "."), ("-", "-"), ("+", "+"), ("1.2.3", "1.2.3"), ("10.0.0.7", "10.0.0.7"),
        ("50ms", "50ms"), ("20%", "20%"), ("2030-01-31", "2030-01-31"), ("=", "="), ("<<", "<<"),
        ("0o18", "0o18"), ("0x", "0x"), ("9007199254740991", 9007199254740991),
    ],
)  # fmt: skip
def test_what_a_plain_scalar_means(text: str, value: object) -> None:
    """Words of YAML 1.1, its octals and its base 60 are plain text or plain numbers."""
    read = scalar(text)
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("text", [".inf", "-.INF", "+.Inf", ".nan", ".NaN"])
def test_numbers_are_finite(text: str) -> None:
    """JSON has no way to write these."""
    with pytest.raises(ValueError, match="is not a number that a document can hold"):
        scalar(text)


@pytest.mark.parametrize(
    "text", ["9007199254740992", "-9007199254740992", "1e300", "9" * 5000, "0x" + "f" * 5000]
)
def test_numbers_are_exact(text: str) -> None:
    """What some reader would round is refused, however long it is."""
    with pytest.raises(ValueError, match="keeps exact"):
        scalar(text)
