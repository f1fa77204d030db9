"""Documents as YAML: what is written reads back as the same values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.cli.yaml_text import dump
from configsvc.schema import load_text

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
TYPED = st.sampled_from(
    [
        "on",
        "no",
        "y",
        "null",
        "~",
        "true",
        "0o17",
        "0x1F",
        "1e3",
        "-.5",
        "12",
        ".inf",
        "1_000",
        "1:30",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | TEXT | TYPED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


def read_back(text: str) -> list[dict[str, Any]]:
    """The documents of a text, as the server reads them."""
    loaded = load_text(text, origin="t", syntax="yaml")
    assert loaded.errors == ()
    return [document.value for document in loaded.documents]


@given(st.dictionaries(TEXT | TYPED, VALUES, max_size=4))
def test_every_value_reads_back(document: dict[str, Any]) -> None:
    """Text that looks like a number, a boolean or a date of another YAML stays text."""
    assert read_back(dump([document])) == [document]


def test_several_documents_stay_apart() -> None:
    """Each document is one of a stream."""
    assert read_back(dump([{"a": 1}, {"a": 2}])) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("text", ["250ms", "20%", "score-engine", "/scores/{id}", "5xx", "*"])
def test_common_text_stays_readable(text: str) -> None:
    """What policies are full of is written as people write it, quoted only where it must be."""
    line = dump([{"a": text}])

    assert line in {f"a: {text}\n", f"a: '{text}'\n"}


def test_shared_values_are_written_twice() -> None:
    """An alias is no part of a document."""
    shared = {"x": 1}

    assert read_back(dump([{"a": shared, "b": shared}])) == [{"a": shared, "b": shared}]
    assert "&" not in dump([{"a": shared, "b": shared}])
