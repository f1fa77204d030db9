"""JSON texts: what is read, what is refused, and where things stand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.schema import InvalidDocumentError, load_text, parse_json
from configsvc.schema.json_syntax import positions
from tests.schema.builders import loaded

EXACT = (
    "not a number that every reader of JSON keeps exact: use one between -(2^53 - 1) and 2^53 - 1"
)

TEXT = st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def test_a_document_is_read() -> None:
    """An object of JSON is one document; 2.0 is the integer that canonical JSON makes of it."""
    assert loaded('{"a": [1, 2.0, 1.5, "x", null, true]}', "json") == (
        [{"a": [1, 2, 1.5, "x", None, True]}],
        [],
    )


def test_a_byte_order_mark_is_skipped() -> None:
    """Editors that write one do no harm."""
    assert loaded(b'\xef\xbb\xbf{"a": 1}', "json") == ([{"a": 1}], [])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "file:1:1: not JSON: expecting value"),
        ('{"a" 1}', "file:1:6: not JSON: expecting ':' delimiter"),
        ('{\n  "a": 1,\n}', None),
        ('{"a": 1} {"b": 2}', "file:1:10: not JSON: extra data"),
        ("[1]", ("file:1:1: [1] is not a document: "
         "write an object with apiVersion, kind, metadata and spec")),
        ("null", ("file:1:1: null is not a document: "
         "write an object with apiVersion, kind, metadata and spec")),
        ('{"a": 1,\n "b": 2,\n "a": 3}',
         "file:3:2: /a: key 'a' is written twice, first in line 1: keep one"),
        ('{"a": [{"b": 1, "b": 2}]}',
         "file:1:17: /a/0/b: key 'b' is written twice, first in line 1: keep one"),
        ('{"a": NaN}', f"file:1:7: NaN is {EXACT}"),
        ('{"a": -Infinity}', f"file:1:7: -Infinity is {EXACT}"),
        ('{"a": 1e999}', f"file:1:7: 1e999 is {EXACT}"),
        ('{"a": 9007199254740992}', f"file:1:7: 9007199254740992 is {EXACT}"),
        ('{"a": "1e999",\n "b": 1e999}', f"file:2:7: 1e999 is {EXACT}"),
        ('{"a": "\\ud800"}', ("file:1:7: half of a surrogate pair is no character: "
         "write the character itself")),
        (b'{"a": "\xff"}', "file:1:8: byte 0xFF is not UTF-8: save the text as UTF-8"),
        ("[" * 100_000, "file:1:1: nested deeper than 64 levels: flatten it"),
        ('{"a": ' + "[" * 64 + "]" * 64 + "}",
         "file:1:70: nested deeper than 64 levels: flatten it"),
        ('{"a": "' + "x" * 262_144 + '"}', "file:1:1: longer than 256 KiB: split it"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str | bytes, error: str | None) -> None:
    """Each refusal has its place and says what to do; nothing of the text is taken."""
    documents, errors = loaded(text, "json")
    assert documents == []
    assert len(errors) == 1
    assert error is None or errors == [error]


def test_a_huge_integer_is_shortened_in_the_message() -> None:
    """Ten thousand digits cost neither time nor a screen."""
    _, errors = loaded('{"a": ' + "9" * 10_000 + "}", "json")
    assert errors == [f"file:1:7: {'9' * 40} is {EXACT}"]


def test_escaped_surrogate_pairs_are_characters() -> None:
    """A pair is one character; only half of one is refused."""
    assert loaded('{"a": "\\ud83d\\ude00"}', "json") == ([{"a": "😀"}], [])


def test_parse_json_takes_any_value_up_to_its_limit() -> None:
    """The API reads bodies with it that are larger than one document."""
    assert parse_json(b'[1, {"a": 2}]') == [1, {"a": 2}]
    with pytest.raises(InvalidDocumentError, match=r"^body:1:1: longer than 1 KiB: split it$"):
        parse_json(b" " * 1025, origin="body", largest=1024)


def test_parse_json_refuses_duplicate_keys() -> None:
    """Which of two values is meant is not guessed."""
    with pytest.raises(InvalidDocumentError) as caught:
        parse_json('{"a": 1, "a": 2}')
    assert [str(error) for error in caught.value.errors] == [
        "request:1:10: /a: key 'a' is written twice, first in line 1: keep one"
    ]


def test_positions_are_those_of_keys_and_items() -> None:
    """A member stands at its key, an item of a list where it begins."""
    (document,) = load_text(
        '{\n  "a/b": {"~": 1},\n  "list": [\n    true,\n    {"x": []}\n  ]\n}',
        origin="f.json",
        syntax="json",
    ).documents
    places = {
        "": "f.json:1:1",
        "/a~1b": "f.json:2:3",
        "/a~1b/~0": "f.json:2:11",
        "/list": "f.json:3:3",
        "/list/0": "f.json:4:5",
        "/list/1/x": "f.json:5:6",
        "/list/1/x/0/deeper": "f.json:5:6",
        "/absent": "f.json:1:1",
    }
    assert {pointer: str(document.locate(pointer)) for pointer in places} == places


@given(VALUES, st.sampled_from([None, 1]))
def test_every_value_has_a_position(value: object, indent: int | None) -> None:
    """Whatever JSON holds, each of its values can be pointed at."""

    def count(part: object) -> int:
        if isinstance(part, dict):
            return 1 + sum(map(count, part.values()))
        return 1 + sum(map(count, part)) if isinstance(part, list) else 1

    assert len(positions(json.dumps(value, indent=indent))) == count(value)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_no_text_raises(text: str | bytes) -> None:
    """Whatever arrives, the result says what was wrong with it."""
    result = load_text(text, origin="f", syntax="json")
    assert len(result.documents) + len(result.errors) >= 1
