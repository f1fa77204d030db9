"""The schema files themselves: complete, self-explanatory, and true to their own examples."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from configsvc.model.names import Kind
from configsvc.schema import json_schema, load_value, read
from configsvc.schema.files import directory, resolved
from configsvc.schema.quantities import PARSERS
from configsvc.schema.values import Json

DRAFTS = {
    Kind.GATEWAY,
    Kind.ROUTE,
    Kind.BFF,
    Kind.AUTHENTICATION,
    Kind.KEY_SET,
    Kind.HEDGE,
    Kind.FALLBACK,
    Kind.RATE_LIMIT,
}
TODAY = date(2030, 1, 1)
LONGEST = 300


def fields(kind: Kind) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every field of ``kind`` and every item of its lists, resolved, by dotted path."""
    root = json_schema(kind)
    pending = [(str(kind), resolved(root, root))]
    while pending:
        path, schema = pending.pop()
        yield path, schema
        parts = {f"{path}.{name}": part for name, part in schema.get("properties", {}).items()}
        if isinstance(schema.get("items"), dict):
            parts[f"{path}[]"] = schema["items"]
        pending.extend((name, resolved(part, root)) for name, part in parts.items())


KINDS = [pytest.param(kind, id=str(kind)) for kind in Kind]


def written(schema: Json) -> list[Json]:
    """The values that a schema itself gives to its field."""
    return [*schema["examples"], *([schema["default"]] if "default" in schema else [])]


def everywhere(part: Json) -> Iterator[dict[str, Json]]:
    """Every object inside a schema."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from everywhere(inner)


def test_there_is_one_file_for_each_kind() -> None:
    """A schema without a kind, or a kind without a schema, would be forgotten."""
    names = {path.stem for path in directory().glob("*.json")}
    assert names == {*map(str, Kind), "common"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_valid_and_self_contained(kind: Kind) -> None:
    """It obeys the meta-schema, and every reference leads somewhere inside it."""
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    references = {part["$ref"] for part in everywhere(schema) if "$ref" in part}
    assert references == {f"#/$defs/{name}" for name in schema["$defs"]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_says_how_stable_it_is(kind: Kind) -> None:
    """Kinds that may still change carry the mark draft."""
    assert json_schema(kind)["x-stability"] == ("draft" if kind in DRAFTS else "stable")


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_of_a_kind_are_valid_documents(kind: Kind) -> None:
    """Each is read without a complaint."""
    for example in json_schema(kind)["examples"]:
        assert read(load_value(example, origin="example"), today=TODAY).key.kind is kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_explains_itself(kind: Kind) -> None:
    """Editor, documentation and completion need a title, a description and examples."""

    def explains_itself(schema: Json) -> bool:
        said = schema.get("description", "")
        return bool(schema.get("title") and schema.get("examples") and 0 < len(said) <= LONGEST)

    assert [path for path, schema in fields(kind) if not explains_itself(schema)] == []
    assert [path for path, schema in fields(kind) if not schema["description"].endswith(".")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_and_the_default_of_a_field_are_valid(kind: Kind) -> None:
    """An example that would be refused teaches the wrong thing."""
    definitions = json_schema(kind)["$defs"]
    for path, schema in fields(kind):
        validator = jsonschema.Draft202012Validator({**schema, "$defs": definitions})
        assert [(path, value) for value in written(schema) if not validator.is_valid(value)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_bounded(kind: Kind) -> None:
    """Numbers have two ends, lists a length, objects known fields, text a length or a pattern."""
    bounds = {
        "integer": ({"minimum", "maximum"},),
        "number": ({"minimum", "maximum"},),
        "array": ({"maxItems"},),
        "object": ({"additionalProperties", "properties"}, {"maxProperties"}),
        "string": ({"pattern"}, {"maxLength"}),
    }
    for path, schema in fields(kind):
        types = schema.get("type", [])
        for name in [types] if isinstance(types, str) else types:
            if name in bounds:
                assert any(keys <= schema.keys() for keys in bounds[name]), (path, name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_quantity_has_bounds_and_its_examples_are_within(kind: Kind) -> None:
    """JSON Schema cannot compare durations, so the bounds stand beside them."""
    for path, schema in fields(kind):
        parse = PARSERS.get(schema.get("x-configsvc-type", ""))
        if parse is not None:
            low, high = (parse(schema[f"x-configsvc-{end}imum"]) for end in ("min", "max"))
            amounts = [parse(text) for text in written(schema) if text != "none"]
            assert amounts, path
            assert all(low <= amount <= high for amount in amounts), path


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_are_anchored_and_read_alike_everywhere(kind: Kind) -> None:
    """The dollar stands at the very end, and no class depends on the engine's idea of Unicode."""
    patterns = [
        part["pattern"]
        for part in everywhere(json_schema(kind))
        if isinstance(part.get("pattern"), str)
    ]
    for pattern in patterns:
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert not re.search(r"\\[dDwWsSbB]|\(\?", pattern)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pattern_says_what_it_expects(kind: Kind) -> None:
    """A refusal shows words, never a regular expression."""
    root = json_schema(kind)
    for part in everywhere(root):
        if isinstance(part.get("pattern"), str):
            assert part.get("x-configsvc-expects") or part.get("x-configsvc-type") in PARSERS


@pytest.mark.parametrize("path", sorted(directory().glob("*.json")), ids=lambda path: path.stem)
def test_a_file_has_no_duplicate_keys(path: Path) -> None:
    """Of two equal keys, one would be dead."""

    def build(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    json.loads(path.read_text(), object_pairs_hook=build)
