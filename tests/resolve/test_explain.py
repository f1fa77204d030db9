"""Explaining an edge: value, source, and what the source covers."""

from configsvc.model.names import Kind
from configsvc.model.policies import Target
from configsvc.resolve import Catalog, ExplainedField, explain
from tests.resolve.making import retry, timeout


def _fields(catalog: Catalog, kind: Kind) -> dict[str, ExplainedField]:
    explanation = explain(catalog, "a", "b", "x")
    (found,) = [each for each in explanation.kinds if each.kind == kind]
    return {field.path: field for field in found.fields}


def test_a_field_shows_its_source_and_what_that_covers() -> None:
    """The decisive document comes first, then the weaker ones in their order."""
    catalog = Catalog.of(
        [
            timeout("ours", Target("a"), attempt=1),
            timeout("to", Target(None, "b"), attempt=2),
            timeout("all", attempt=3),
        ]
    )
    field = _fields(catalog, Kind.TIMEOUT)["attempt"]
    assert (field.value, [str(s) for s in field.sources]) == (2, ["Timeout/to#/spec/attempt"])
    assert [(a.value, a.source.resource.name) for a in field.covered] == [(1, "ours"), (3, "all")]


def test_a_default_has_no_source() -> None:
    """What no document sets is shown with the schema's value."""
    field = _fields(Catalog.of([retry("r", attempts=5)]), Kind.RETRY)["backoff.jitter"]
    assert field.is_default
    assert field.value == "full"


def test_a_leaf_without_any_value_is_left_out() -> None:
    """An unset limit is no limit; there is nothing to explain."""
    assert "overall" not in _fields(Catalog.of([timeout("t", attempt=1)]), Kind.TIMEOUT)


def test_an_ambiguous_field_shows_all_contenders() -> None:
    """Each of the documents that differ is shown with what it says."""
    catalog = Catalog.of([timeout("one", attempt=1), timeout("two", attempt=2)])
    field = _fields(catalog, Kind.TIMEOUT)["attempt"]
    assert [(a.value, a.source.resource.name) for a in field.contenders] == [(1, "one"), (2, "two")]
    assert (
        _fields(Catalog.of([timeout("one", attempt=1)]), Kind.TIMEOUT)["attempt"].contenders == ()
    )


def test_a_kind_out_of_force_is_explained_too() -> None:
    """Whoever switched it off can be found."""
    catalog = Catalog.of([retry("off", enabled=False)])
    (kind,) = explain(catalog, "a", "b", "x").kinds
    assert (kind.kind, kind.in_force) == (Kind.RETRY, False)
    assert _fields(catalog, Kind.RETRY)["enabled"].value is False


def test_kinds_that_nothing_targets_are_absent() -> None:
    """There is nothing to say about them."""
    assert explain(Catalog.of([]), "a", None, "*").kinds == ()
