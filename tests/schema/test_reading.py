"""From documents to resources."""

import json

import pytest

from configsvc.errors import InputError
from configsvc.model.names import POLICY_KINDS, Key, Kind
from configsvc.schema import (
    InvalidDocumentError,
    canonical,
    digest,
    effective,
    json_schema,
    load_text,
    load_value,
    read,
    read_stored,
)
from configsvc.schema.files import Schema, resolved
from configsvc.schema.values import Json
from tests.schema.builders import DETAILED, TODAY, document, refusals

RETRY = document("Retry", {"target": {"to": "b"}, "attempts": 2})
KINDS = [pytest.param(kind, id=str(kind)) for kind in Kind]


def filled(value: Json, schema: Schema, root: Schema) -> Json:
    """``value`` with every default of its schema written out."""
    schema = resolved(schema, root)
    if isinstance(value, list):
        return [filled(part, schema["items"], root) for part in value]
    if not isinstance(value, dict):
        return value
    parts = {name: resolved(part, root) for name, part in schema.get("properties", {}).items()}
    defaults = {name: part["default"] for name, part in parts.items() if "default" in part}
    written = {name: filled(part, parts.get(name, {}), root) for name, part in value.items()}
    return {**defaults, **written}


def test_a_resource_is_what_its_document_says() -> None:
    """Key, labels, manager, and the digest of the canonical bytes."""
    value = document("Retry", {"target": {}}, labels={"a": "b"}, manager="folder:policies")
    resource = read(load_value(value, origin="test"))
    assert resource.key == Key(Kind.RETRY, "example")
    assert resource.labels == {"a": "b"}
    assert resource.manager == "folder:policies"
    assert resource.digest == digest(canonical(value))
    assert resource.revision is None


def test_what_is_left_out_of_the_metadata() -> None:
    """No labels, and the API is the manager."""
    resource = read(load_value(RETRY, origin="test"))
    assert (dict(resource.labels), resource.manager) == ({}, "api")


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_document_is_read_like_a_new_one(kind: Kind) -> None:
    """Only revision and validation differ."""
    (value, *_) = json_schema(kind)["examples"]
    data = canonical(value)
    new = read(load_value(value, origin="test"), today=TODAY)
    stored = read_stored(data, digest=digest(data), revision=7)
    assert stored.revision == 7
    assert (stored.key, stored.spec, stored.digest) == (new.key, new.spec, new.digest)


@pytest.mark.parametrize("kind", KINDS)
def test_yaml_and_json_are_the_same_document(kind: Kind) -> None:
    """JSON is read as YAML, too, and gives the same digest."""
    (value, *_) = json_schema(kind)["examples"]
    text = json.dumps(value)
    digests = {
        read(load_text(text, origin="test", syntax=syntax).documents[0]).digest
        for syntax in ("json", "yaml")
    }
    assert digests == {digest(canonical(value))}


@pytest.mark.parametrize("kind", sorted(DETAILED))
def test_a_default_that_is_written_out_changes_nothing(kind: str) -> None:
    """Schema, readers and model agree about every default."""
    root = json_schema(Kind(kind))
    value = document(kind, DETAILED[kind])
    written = filled(value, root, root)
    assert written != value
    bare, full = (
        read(load_value(each, origin="test"), today=TODAY).spec for each in (value, written)
    )
    if Kind(kind) in POLICY_KINDS:
        assert effective(Kind(kind), full.fields) == effective(Kind(kind), bare.fields)
    else:
        assert full == bare


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"apiVersion": None}, "/apiVersion: unknown apiVersion null: write 'configsvc/v1'"),
        ({"apiVersion": "v2"}, "/apiVersion: unknown apiVersion 'v2': write 'configsvc/v1'"),
        ({"kind": "Retri"}, "/kind: unknown kind 'Retri': did you mean 'Retry'?"),
        ({"kind": "retry"}, "/kind: unknown kind 'retry': did you mean 'Retry'?"),
        ({"kind": "circuit-breaker"},
         "/kind: unknown kind 'circuit-breaker': did you mean 'CircuitBreaker'?"),
        ({"kind": 5}, ("/kind: unknown kind 5: use one of Service, Timeout, Retry, CircuitBreaker, "
         "Bulkhead, RateLimit, Hedge, Fallback, Authentication, KeySet, Gateway, "
         "Route, Bff, Waiver")),
        ({"metadata": {}},
         ("/metadata: field 'name' is missing (unique among the documents of one kind in a "
         "namespace; Service, Gateway and Bff share their names): add it")),
        ({"metadata": {"name": "Upper"}},
         ("/metadata/name: 'Upper' is not a DNS label: use 1 to 63 lower-case letters, digits and "
         "inner hyphens, such as 'score-engine'")),
        ({"metadata": {"name": "a\n"}},
         ("/metadata/name: 'a\\n' is not a DNS label: use 1 to 63 lower-case letters, digits and "
         "inner hyphens, such as 'score-engine'")),
        ({"metadata": {"name": "a", "manager": "me"}},
         ("/metadata/manager: 'me' is not a manager: write 'api', or 'folder:' and the folder's "
         "name, such as 'folder:policies'")),
        ({"metadata": {"name": "a", "labels": {"a b": "c"}}},
         ("/metadata/labels/a b: 'a b' is not a label's key: use 1 to 63 letters, digits and inner "
         "'-', '_', '.', such as 'team' or 'example.com/team'")),
        ({"metadata": {"name": "a", "labels": {"a": 1}}},
         ("/metadata/labels/a: 1 is not a label's value: use at most 63 letters, digits and inner "
         "'-', '_', '.', such as 'payments'")),
        ({"metadata": {"name": "a", "labels": {f"k{n}": "" for n in range(65)}}}, None),
        ({"metadata": {"name": "a", "description": "\x00"}},
         "/metadata/description: '\\x00' is not text without control characters"),
        ({"metadata": []}, "/metadata: [] is not an object: write one"),
        ({"spec": None}, "/spec: null is not an object: leave the field out, or write a value"),
        ({"status": {}}, ("/status: unknown field 'status': "
         "known here are apiVersion, kind, metadata, spec")),
    ],
)  # fmt: skip
def test_what_is_refused_around_the_spec(changed: dict[str, Json], message: str | None) -> None:
    """The frame is the same for every kind."""
    messages = refusals({**RETRY, **changed})
    assert len(messages) == 1
    assert message is None or messages == [message]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("apiVersion", ": field 'apiVersion' is missing: write 'apiVersion: configsvc/v1'"),
        ("kind", (": field 'kind' is missing: write one of Service, Timeout, Retry, "
         "CircuitBreaker, Bulkhead, RateLimit, Hedge, Fallback, Authentication, KeySet, Gateway, "
         "Route, Bff, Waiver")),
        ("metadata", (": field 'metadata' is missing "
         "(what the document is called and who keeps it): add it")),
        ("spec", ": field 'spec' is missing (how a failed attempt is made again): add it"),
    ],
)  # fmt: skip
def test_what_every_document_has(name: str, message: str) -> None:
    """Four fields, each of which is missed by name."""
    value = {field: part for field, part in RETRY.items() if field != name}
    assert refusals(value) == [message]


def test_a_document_that_grows_beyond_its_limit_in_canonical_form_is_refused() -> None:
    """Escapes may make the canonical bytes longer than the text."""
    body = "\u0001" * 60_000
    value = document("Fallback", {"target": {}, "static": {"status": 200, "body": body}})
    size = len(canonical(value))
    assert refusals(value) == [
        f": the document has {size} bytes, more than 256 KiB: split it",
    ]


def test_errors_come_in_the_order_of_the_text() -> None:
    """As a reader meets them, with line and column."""
    text = """\
apiVersion: configsvc/v1
kind: Retry
metadata:
  name: checkout
  colour: red
spec:
  target: {to: b}
  attempts: many
  backoff:
    base: 200
    max: 2h
"""
    (found,) = load_text(text, origin="policies/retry.yaml", syntax="yaml").documents
    with pytest.raises(InvalidDocumentError) as caught:
        read(found)
    assert str(caught.value).splitlines() == [
        (
            "policies/retry.yaml:5:3: /metadata/colour: unknown field 'colour': "
            "known here are name, labels, manager, description"
        ),
        "policies/retry.yaml:8:3: /spec/attempts: 'many' is not an integer: write one",
        (
            "policies/retry.yaml:10:5: /spec/backoff/base: 200 is not a duration: "
            "write a number with a unit, such as '200ms'"
        ),
        "policies/retry.yaml:11:5: /spec/backoff/max: '2h' is more than allowed: use 0s to 1h",
    ]


def test_an_error_without_a_text_has_no_line() -> None:
    """The API's documents have pointers alone."""
    with pytest.raises(InvalidDocumentError) as caught:
        read(load_value(document("Timeout", {"target": {}, "idle": 5}), origin="put/0"))
    (error,) = caught.value.errors
    assert (error.line, error.column, error.seen) == (None, None, "5")
    assert str(error).startswith("put/0: /spec/idle: 5 is not a duration")


def test_no_authentication_is_called_public() -> None:
    """The word stands for none, wherever one can be named."""
    (value, *_) = json_schema(Kind.AUTHENTICATION)["examples"]
    assert refusals({**value, "metadata": {"name": "public"}}) == [
        (
            "/metadata/name: 'public' is what documents write where anybody may call: "
            "choose another name"
        )
    ]
    assert refusals({**RETRY, "metadata": {"name": "public"}}) == []


def test_labels_cannot_be_changed() -> None:
    """A resource is a value."""
    value = document("Retry", {"target": {}}, labels={"a": "b"})
    resource = read(load_value(value, origin="test"))
    with pytest.raises(TypeError):
        resource.labels["a"] = "c"  # type: ignore[index]


def test_a_refusal_is_an_input_error() -> None:
    """Whoever sent the document has to act."""
    assert issubclass(InvalidDocumentError, InputError)


@pytest.mark.parametrize("value", [None, 5, "text", [], True])
def test_only_an_object_is_a_document(value: Json) -> None:
    """Everything else is refused before anything is looked at."""
    with pytest.raises(InvalidDocumentError, match="is not a document: write an object with"):
        load_value(value, origin="test")
