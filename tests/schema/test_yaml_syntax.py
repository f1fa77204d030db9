"""YAML texts: what is read, what is refused, and where things stand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.schema import load_text
from tests.schema.builders import loaded


def test_a_stream_of_documents_is_read() -> None:
    """Documents are separated by dashes; empty ones and comments are left out."""
    text = (
        "# one\na: 1\n---\n---\n# nothing here\n---\nb: [x, 'on', on, ~]\n...\n---\nc: {d: 2.0}\n"
    )
    assert loaded(text) == ([{"a": 1}, {"b": ["x", "on", "on", None]}, {"c": {"d": 2}}], [])


def test_an_empty_text_has_no_documents() -> None:
    """A file with comments alone is nothing wrong."""
    assert loaded("# nothing\n") == ([], [])
    assert loaded(b"") == ([], [])


def test_an_empty_object_and_an_explicit_null_are_not_nothing() -> None:
    """Only a document without any text is left out."""
    documents, errors = loaded("{}\n--- ~\n")
    assert documents == [{}]
    assert len(errors) == 1
    assert errors[0].startswith("file:2:5: null is not a document")


def test_keys_are_text() -> None:
    """A key is never a number or boolean, because it could not be one in JSON."""
    assert loaded("1: a\ntrue: b\n'': c\n\"null\": d") == (
        [{"1": "a", "true": "b", "": "c", "null": "d"}],
        [],
    )


def test_quoted_and_block_scalars_are_text() -> None:
    """Quotes keep a number from being one."""
    assert loaded("a: '5'\nb: \"~\"\nc: |\n  7\nd: >-\n  true\n") == (
        [{"a": "5", "b": "~", "c": "7\n", "d": "true"}],
        [],
    )


def test_aliases_are_replaced_by_what_they_stand_for() -> None:
    """Anchors on scalars, lists and mappings all work."""
    text = "a: &x {k: [1]}\nb: *x\nc: &y 5\nd: [*y, *x]\n"
    expected = {"a": {"k": [1]}, "b": {"k": [1]}, "c": 5, "d": [5, {"k": [1]}]}
    assert loaded(text) == ([expected], [])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a: 1\na: 2", "file:2:1: /a: key 'a' is written twice in one mapping: keep one"),
        ("a:\n- b: 1\n  'b': 2",
         "file:3:3: /a/0/b: key 'b' is written twice in one mapping: keep one"),
        ("a: !!str 2",
         "file:1:4: /a: tag '!!str' is not read: leave it out, and quote a value that is text"),
        ("a: !custom [1]",
         "file:1:4: /a: tag '!custom' is not read: leave it out, and quote a value that is text"),
        ("a: ! 1",
         "file:1:4: /a: tag '!' is not read: leave it out, and quote a value that is text"),
        ("a: *x", "file:1:4: /a: alias *x stands for nothing: write &x before a value above it"),
        ("a: &x\n- *x",
         "file:2:3: /a/0: alias *x stands for nothing: write &x before a value above it"),
        ("? [a]\n: b",
         "file:1:3: a key is text, not a list or mapping: write one word before the colon"),
        ("a: {? {b: c} : d}",
         "file:1:7: /a: a key is text, not a list or mapping: write one word before the colon"),
        ("a: &x b\n*x : c", "file:2:1: a key is text, not an alias: write it out"),
        ("~: a", ("file:1:1: a key is missing before the colon: "
         "write one, in quotes if it is meant to be empty or null")),
        ("a: .inf", ("file:1:4: /a: .inf is not a number that a document can hold: "
         "write a finite one")),
        ("[]", ("file:1:1: [] is not a document: "
         "write an object with apiVersion, kind, metadata and spec")),
        ("\ta: 1", "file:1:1: not YAML: a tab cannot indent a line: use spaces"),
        ("a:\n\tb: 1", "file:2:1: not YAML: a tab cannot indent a line: use spaces"),
        ("a: b: c", ("file:1:5: not YAML: mapping values are not allowed in this context: "
         "a colon with a space after it needs the value in quotes, "
         "or the line is indented too far")),
        ("a: 'x", None),
        ("a: [1, 2", None),
        ("a: 1\n b: 2", None),
        ("a: \x00", "file:1:4: character U+0000 is not allowed in YAML: remove it"),
        ("ä: ü\nb: \x07", "file:2:4: character U+0007 is not allowed in YAML: remove it"),
        ("a: \ud800", ("file:1:4: half of a surrogate pair is no character: "
         "write the character itself")),
        (b"a: \xff\xfe", "file:1:4: byte 0xFF is not UTF-8: save the text as UTF-8"),
        ("%YAML 1.1\n---\na: 1", ("file:1:1: documents are read as YAML 1.2: "
         "write '%YAML 1.2' or leave the line out")),
        ("%YAML 3.0\n---\na: 1", ("file:1:1: not YAML: found incompatible YAML document: "
         "documents are read as YAML 1.2: leave the %YAML line out")),
        ("a: " + "[" * 64 + "]" * 64, "file:1:67: /a" + "/0" * 63 + ": "
         "nested deeper than 64 levels: flatten it"),
        ("a: 1\n#" + "x" * 262_144 + "\nb: 1\n",
         "file:1:1: the document is longer than 256 KiB: split it"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str | bytes, error: str | None) -> None:
    """Each refusal has its place and says what to do; nothing of the document is taken."""
    documents, errors = loaded(text)
    assert documents == []
    assert len(errors) == 1
    assert error is None or errors == [error]
    assert errors[0].startswith("file:")


def test_a_stream_is_bounded() -> None:
    """A text as large as the largest change is the most that is read at once."""
    assert loaded("#" * (16 * 1024 * 1024 + 1)) == (
        [],
        ["file:1:1: longer than 16384 KiB: split it"],
    )


def test_aliases_cannot_explode() -> None:
    """Nine levels of nine aliases are refused once they stand for too many values."""
    names = "abcdefghi"
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise(names)
    )
    documents, errors = loaded(text)
    assert documents == []
    assert errors == [
        (
            "file:5:8: /e/1: the document has more than 10000 values or 256 KiB once its aliases "
            "are replaced by what they stand for: write less, or split it"
        )
    ]


def test_aliases_of_long_text_cannot_explode() -> None:
    """A hundred aliases of 10 KiB are a document of a megabyte."""
    text = f"a: &a {'x' * 10_240}\nb: [{', '.join(['*a'] * 100)}]\n"
    documents, errors = loaded(text)
    assert documents == []
    assert "once its aliases are replaced" in errors[0]


def test_the_values_of_a_document_are_bounded() -> None:
    """Ten thousand values are enough for one document, with or without aliases."""
    documents, errors = loaded("a: [" + "1, " * 10_001 + "]")
    assert documents == []
    assert "more than 10000 values" in errors[0]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_ends_the_stream(opening: str) -> None:
    """A million brackets cost neither the stack nor the time of reading them all."""
    documents, errors = loaded("a: 1\n---\n" + opening * 1_000_000)
    assert documents == [{"a": 1}]
    assert len(errors) == 1


def test_all_faults_of_a_document_are_told() -> None:
    """One round is enough to repair several mistakes."""
    _, errors = loaded("a: 1\na: 2\nb: !!int 3\nc: .nan\n")
    assert [error.split(": ")[1] for error in errors] == ["/a", "/b", "/c"]


def test_a_refused_document_does_not_hide_the_others() -> None:
    """What stands before and after it is read."""
    documents, errors = loaded("a: 1\n---\nb: 1\nb: 2\n---\nc: 3\n")
    assert documents == [{"a": 1}, {"c": 3}]
    assert errors == ["file:4:1: /b: key 'b' is written twice in one mapping: keep one"]


def test_a_syntax_error_keeps_what_stands_before_it() -> None:
    """What comes after cannot be trusted to be what it looks like."""
    documents, errors = loaded("a: 1\n---\nb: 'x\n---\nc: 3\n")
    assert documents == [{"a": 1}]
    assert len(errors) == 1


def test_positions_count_through_the_whole_stream() -> None:
    """The second document's lines are those of the file."""
    text = "a:\n  - b: 1\n    c: {d: [1, 2]}\n---\n# comment\n\n  e: &x [1, {q: 2}]\n  f: *x\n"
    first, second = load_text(text, origin="f.yaml", syntax="yaml").documents
    places = {"": (1, 1), "/a": (1, 1), "/a/0": (2, 5), "/a/0/c/d": (3, 9), "/a/0/c/d/1": (3, 16)}
    assert {pointer: first.locate(pointer) for pointer in places} == {
        pointer: type(first.locate(""))("f.yaml", *at) for pointer, at in places.items()
    }
    assert str(second.locate("/e/1/q")) == "f.yaml:7:14"
    assert str(second.locate("/f/1/q")) == "f.yaml:8:3"
    assert str(second.locate("/absent")) == str(second.locate("")) == "f.yaml:7:3"


def test_positions_of_a_document_on_the_line_of_its_dashes() -> None:
    """The dashes may share a line with the value."""
    (document,) = load_text("--- {a: 1, b: 2}\n", origin="f", syntax="yaml").documents
    assert str(document.locate("/b")) == "f:1:12"


def test_positions_of_keys_with_slashes_are_escaped() -> None:
    """Pointers escape slash and tilde as RFC 6901 has it."""
    (document,) = load_text("a:\n  b/c~d: 1\n", origin="f", syntax="yaml").documents
    assert str(document.locate("/a/b~1c~0d")) == "f:2:3"


@given(st.binary(max_size=80) | st.text(max_size=80))
def test_no_text_raises(text: str | bytes) -> None:
    """Whatever arrives, the result holds documents or says what was wrong."""
    result = load_text(text, origin="f", syntax="yaml")
    assert all(isinstance(each.value, dict) for each in result.documents)
    assert all(error.line and error.column for error in result.errors)


@given(st.lists(st.sampled_from(
    ["a", ":", " ", "\n", "- ", "&x ", "*x", "{", "}", "[", "]", ",", "'", '"', "!!t ", "? ", "|",
     "---\n", "...\n", "%YAML 1.2\n", "#", "\t", "1", "~", "ü", "\r"]), max_size=30))  # fmt: skip
def test_no_arrangement_of_indicators_raises(parts: list[str]) -> None:
    """Every document that comes out of it can be pointed into."""
    result = load_text("".join(parts), origin="f", syntax="yaml")
    for document in result.documents:
        for key in document.value:
            assert document.locate(f"/{key}").line
