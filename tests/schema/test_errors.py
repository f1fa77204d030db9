"""Errors as they are shown."""

import pytest

from configsvc.schema import DocumentError, InvalidDocumentError, Location, Problem
from configsvc.schema.errors import child, shown


def test_an_error_shows_place_pointer_and_message() -> None:
    """In the form that editors and terminals make a link of."""
    location = Location("policies/retry.yaml", 12, 5)
    problem = Problem("/spec/backoff/base", "200 is not a duration", "200", (), "200ms")
    error = DocumentError.at(location, problem)
    assert str(error) == "policies/retry.yaml:12:5: /spec/backoff/base: 200 is not a duration"
    assert (error.line, error.column, error.seen, error.hint) == (12, 5, "200", "200ms")


def test_an_error_of_the_whole_document_has_no_pointer_to_show() -> None:
    """The root's pointer is empty."""
    assert str(DocumentError.at(Location("request"), Problem("", "no"))) == "request: no"


def test_all_errors_are_in_the_message() -> None:
    """A log shows each of them."""
    errors = [DocumentError("a", 1, 2, "/b", "c"), DocumentError("d", None, None, "", "e")]
    assert str(InvalidDocumentError(errors)) == "a:1:2: /b: c\nd: e"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        ("a'b", '"a\'b"'),
        ([1], "[1]"),
        ("x" * 100, f"'{'x' * 59}..."),
    ],
)
def test_how_a_value_is_quoted(value: object, text: str) -> None:
    """As it would be written, and never longer than a line."""
    assert shown(value) == text


def test_pointers_escape_their_own_characters() -> None:
    """As RFC 6901 has it."""
    assert child("/a", "b/c~d") == "/a/b~1c~0d"
    assert child("", 0) == "/0"
