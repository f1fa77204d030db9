"""One decides, the other explains: both have to come to one verdict."""

import copy
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.model.names import Kind
from configsvc.schema import InvalidDocumentError, json_schema, load_value, read
from configsvc.schema.explanation import explain
from configsvc.schema.validation import is_valid
from configsvc.schema.values import Json
from tests.schema.builders import DETAILED, TODAY

UNEXPLAINED = "compare it with the schema of"

EXAMPLES = [(kind, example) for kind in Kind for example in json_schema(kind)["examples"]] + [
    (Kind(kind), {**json_schema(Kind(kind))["examples"][0], "spec": spec})
    for kind, spec in DETAILED.items()
]

ODD = st.sampled_from(
    [None, True, 0, -1, 1, 2**53, 0.5, 1e300, "", "none", "1s", "1s\n", "200", "20%", "64KiB", "a",
     "A", "a\n", "*", "/", "/**", "/a\n", "public", "x" * 64, "\u0661s", "\u0000", "503", 503,
     [], ["timeout"], ["a", "a"], [1, 1.0, True], {}, {"a": 1}, {"limit": 1, "period": "1s"}]
)  # fmt: skip
NAMES = st.sampled_from(
    ["enabled", "target", "spec", "static", "lastGood", "operation", "path", "prefix", "grpc",
     "size", "kind", "edge", "resource", "x y", "", "\u00e4", "a\n"]
)  # fmt: skip


def paths(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value in ``value``."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from paths(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths(part, (*path, index))


def at(value: Json, path: tuple[str | int, ...]) -> Json:
    """What a path leads to."""
    for key in path:
        value = value[key]
    return value


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Kind, Json]:
    """A valid document with up to three things changed, removed or added."""
    kind, example = draw(st.sampled_from(EXAMPLES))
    value = copy.deepcopy(example)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([path for path in paths(value) if path]))
        holder, key = at(value, path[:-1]), path[-1]
        match draw(st.sampled_from(["change", "remove", "add"])):
            case "change":
                holder[key] = copy.deepcopy(draw(ODD))
            case "remove":
                del holder[key]
            case _ if isinstance(holder[key], dict):
                holder[key][draw(NAMES)] = copy.deepcopy(draw(ODD))
    return kind, value


@pytest.mark.parametrize(("kind", "value"), EXAMPLES)
def test_a_valid_document_has_nothing_to_explain(kind: Kind, value: Json) -> None:
    """The one says yes, and the other finds nothing."""
    assert is_valid(kind, value)
    (unexplained,) = explain(kind, value)
    assert UNEXPLAINED in unexplained.message


@given(mutated())
def test_both_come_to_one_verdict(case: tuple[Kind, Json]) -> None:
    """Whatever is refused is explained, and whatever is explained is refused."""
    kind, value = case
    found = explain(kind, value)
    is_explained = not any(UNEXPLAINED in problem.message for problem in found)
    assert is_explained is not is_valid(kind, value)


@given(mutated())
def test_a_refusal_can_be_acted_on(case: tuple[Kind, Json]) -> None:
    """Every message is a sentence of bounded length at a pointer; none is a pattern."""
    _, value = case
    try:
        read(load_value(value, origin="test"), today=TODAY)
    except InvalidDocumentError as exc:
        for error in exc.errors:
            assert error.pointer == "" or error.pointer.startswith("/")
            assert 10 < len(error.message) < 600
            assert "^" not in error.message
