"""Documents as text for people."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.model.names import Kind
from configsvc.schema import canonical, json_schema, load_text, to_json, to_yaml
from configsvc.schema.values import Json

KINDS = [pytest.param(kind, id=str(kind)) for kind in Kind]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["on", "yes", "0o17", "1e3", "012", "1:30", "~", "null", "", ".5", "0x1F", "- a", "a: b", "#x",
     "2030-01-01", "<<", "=", "a\nb", "a\n", "\n", " x\ny", "x \n", "\tx\n", "!x", "*a", "&b",
     "1_000", "+1", "-", "é", "\u2028", "\x7f", "\ufeff", "x" * 200, "a " * 100]
)  # fmt: skip
FRACTIONS = st.floats(-1e9, 1e9).filter(lambda number: not number.is_integer())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | FRACTIONS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def stored(kind: Kind) -> Json:
    """An example as it comes out of a store: with its keys sorted."""
    return json.loads(canonical(json_schema(kind)["examples"][0]))


def test_yaml_is_what_a_person_would_write() -> None:
    """Fields in the order of the schema, no quotes where none are needed."""
    assert (
        to_yaml(stored(Kind.CIRCUIT_BREAKER))
        == """\
apiVersion: configsvc/v1
kind: CircuitBreaker
metadata:
  name: scores
spec:
  target:
    to: score-engine
  window:
    kind: time
    size: 10s
  minimumCalls: 20
  failureRate: 50%
  slowCall:
    above: 400ms
    rate: 60%
  openFor: 10s
  halfOpen:
    probes: 3
    maxWait: 10s
"""
    )


def test_json_is_indented_in_the_same_order() -> None:
    """And ends with a line break, as files do."""
    text = to_json({"spec": {"zebra": 1, "idle": "1s"}, "kind": "Timeout", "other": []})
    assert text == (
        '{\n  "kind": "Timeout",\n  "spec": {\n    "idle": "1s",\n    "zebra": 1\n  },\n'
        '  "other": []\n}\n'
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("write", "syntax"), [(to_json, "json"), (to_yaml, "yaml")])
def test_a_written_document_reads_back(kind: Kind, write: Json, syntax: Json) -> None:
    """In either syntax, to the same canonical bytes."""
    document = stored(kind)
    (read,) = load_text(write(document), origin="f", syntax=syntax).documents
    assert canonical(read.value) == canonical(document)


@pytest.mark.parametrize("value", [[], 5, None, {"kind": []}, {"kind": "Unknown", "a": 1}])
def test_anything_can_be_written(value: Json) -> None:
    """Errors are shown beside what caused them."""
    assert json.loads(to_json(value)) == value


@given(VALUES)
def test_yaml_reads_back_as_the_same_value(value: Json) -> None:
    """Words and numbers of either version of YAML included."""
    (document,) = load_text(to_yaml({"k": value}), origin="f", syntax="yaml").documents
    assert document.value == {"k": value}
