"""Findings and what they are about."""

from configsvc.model.findings import EdgeId, Severity, Subject
from configsvc.model.names import Key, Kind
from configsvc.model.resources import Source

FIRST, SECOND = EdgeId("a", "b", "get"), EdgeId("b", "c", "*")


def test_severities_are_ordered() -> None:
    """A threshold is a comparison."""
    assert Severity.ERROR > Severity.WARNING > Severity.INFO
    assert Severity.WARNING.label == "warning"


def test_a_subject_names_its_edge() -> None:
    """Caller, callee, operation."""
    assert str(Subject(edge=FIRST)) == "a -> b get"


def test_a_subject_names_its_path() -> None:
    """From the first caller through each operation."""
    assert str(Subject(path=(FIRST, SECOND))) == "a -> b[get] -> c[*]"


def test_a_subject_names_its_resource() -> None:
    """Kind and name."""
    assert str(Subject(resource=Key(Kind.ROUTE, "players"))) == "Route/players"


def test_a_source_names_where_a_value_was_written() -> None:
    """With the revision, if it is stored."""
    key = Key(Kind.RETRY, "default")
    assert str(Source(key, "/spec/attempts", 7)) == "Retry/default@7#/spec/attempts"
    assert str(Source(key, "/spec/attempts")) == "Retry/default#/spec/attempts"
