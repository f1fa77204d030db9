"""Waivers in comments: what they say, what they are about, and what is no such comment."""

from typing import Any

import pytest

from configsvc.model.names import Key, Kind
from configsvc.schema import InvalidDocumentError, LoadResult, load_text, read
from configsvc.schema.waiver_comments import comment_waivers

WAIVE = '# configsvc: waive RT03 until 2030-01-31 owner=team-x reason="They asked for it."'

SERVICE = """\
apiVersion: configsvc/v1
kind: Service
metadata: {name: stock}
spec: {owner: team-x}
"""
RETRY = """\
apiVersion: configsvc/v1
kind: Retry
metadata: {name: eager}
spec:
  target: {to: stock}
  attempts: 4
  backoff: {base: 100ms,
    max: 60s}
"""


def found(text: str) -> LoadResult:
    """The waivers in a text."""
    documents = load_text(text, origin="a.yaml", syntax="yaml").documents
    return comment_waivers(text, documents, origin="a.yaml")


def spec(text: str) -> Any:  # noqa: ANN401 any JSON
    """What the one waiver of a text says."""
    result = found(text)
    assert result.errors == ()
    (document,) = result.documents
    return document.value["spec"]


def after(text: str, line: str, comment: str) -> str:
    """The text with a comment behind a line."""
    assert line in text
    return text.replace(line, f"{line}  {comment}")


def test_comment_is_a_waiver_document() -> None:
    """It reads as a Waiver of the same content, and stands where the comment does."""
    (document,) = found(after(RETRY, "attempts: 4", WAIVE)).documents
    resource = read(document)

    assert resource.key == Key(Kind.WAIVER, "rt03-4f260177e3")
    assert document.value["spec"] == {
        "code": "RT03",
        "resource": "Retry/eager",
        "pointers": ["/spec/attempts"],
        "owner": "team-x",
        "reason": "They asked for it.",
        "expires": "2030-01-31",
    }
    assert str(document.locate("/spec/expires")) == "a.yaml:6:16"


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        (after(RETRY, "attempts: 4", WAIVE), ["/spec/attempts"]),
        (RETRY.replace("  attempts", f"  {WAIVE}\n  attempts"), ["/spec/attempts"]),
        (RETRY.replace("  attempts", f"{WAIVE}\n\n  # more\n  attempts"), ["/spec/attempts"]),
        (after(RETRY, "spec:", WAIVE), ["/spec"]),
        (after(RETRY, "{base: 100ms,", WAIVE), ["/spec/backoff"]),
        (after(RETRY, "max: 60s}", WAIVE), ["/spec/backoff/max"]),
        (after(RETRY, "target: {to: stock}", WAIVE).replace("\n", "\r\n"), ["/spec/target"]),
    ],
)
def test_comment_is_about_what_begins_at_a_line(text: str, pointers: list[str]) -> None:
    """Behind something it is about that line, else about the next one with content."""
    assert (spec(text)["resource"], spec(text)["pointers"]) == ("Retry/eager", pointers)


@pytest.mark.parametrize(
    "text",
    [
        f"{WAIVE}\n{RETRY}",
        f"---\n{WAIVE}\n{RETRY}",
        f"{SERVICE}{WAIVE}\n---\n{RETRY}",
        f"{SERVICE}---  {WAIVE}\n{RETRY}",
        f"%YAML 1.2\n{WAIVE}\n---\n# The retries.\n{RETRY}",
    ],
)
def test_comment_above_a_document_is_about_all_of_it(text: str) -> None:
    """The marker between documents may stand between."""
    assert spec(text)["resource"] == "Retry/eager"
    assert "pointers" not in spec(text)


def test_several_comments_may_stand_above_one_line() -> None:
    """Each waives its own code."""
    both = f"  {WAIVE}\n  {WAIVE.replace('RT03', 'RT04')}\n  attempts"
    result = found(RETRY.replace("  attempts", both))

    assert [each.value["spec"]["code"] for each in result.documents] == ["RT03", "RT04"]
    assert {tuple(each.value["spec"]["pointers"]) for each in result.documents} == {
        ("/spec/attempts",)
    }


def test_name_does_not_depend_on_where_it_stands() -> None:
    """Lines above a comment may come and go; the waiver stays the same resource."""
    first = found(after(RETRY, "attempts: 4", WAIVE)).documents[0]
    other = found(f"{SERVICE}---\n# now\n" + after(RETRY, "attempts: 4", WAIVE)).documents[0]

    assert first.value == other.value


@pytest.mark.parametrize(
    "text",
    [
        RETRY.replace("100ms", f"'x {WAIVE}'"),
        RETRY.replace("attempts: 4", f"attempts: |\n    {WAIVE}"),
        RETRY.replace("attempts: 4", f"attempts: >-\n    text\n    {WAIVE}\n  more: 1"),
        RETRY.replace("attempts: 4", f"attempts: four{WAIVE}"),
        RETRY.replace("attempts: 4", "attempts: 4  # configsvcs: waive RT03"),
    ],
)
def test_text_is_no_comment(text: str) -> None:
    """Nothing inside a value waives anything."""
    assert found(text) == LoadResult()


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# configsvc: ignore RT03", "'ignore RT03' is not understood: write # configsvc: waive"),
        ("# configsvc: waive RT03", "'waive RT03' is not understood"),
        ("# configsvc:", "'' is not understood"),
        (WAIVE.replace("reason=", "because="), "unknown 'because' in a waiver"),
        (WAIVE.rstrip('"'), "is not understood"),
    ],
)
def test_what_is_not_understood_is_an_error(comment: str, message: str) -> None:
    """A waiver with a typing error must not be taken for prose."""
    (error,) = found(after(RETRY, "attempts: 4", comment)).errors

    assert message in error.message
    assert (error.origin, error.line, error.column) == ("a.yaml", 6, 16)


def test_comment_about_nothing_is_an_error() -> None:
    """At the end of a file it would waive nothing, for ever."""
    (error,) = found(f"{RETRY}{WAIVE}\n").errors

    assert error.message.startswith("the comment is about nothing: ")


def test_comments_of_a_broken_stream_are_read_as_far_as_it_goes() -> None:
    """Documents before the mistake keep their waivers."""
    result = found(after(RETRY, "attempts: 4", WAIVE) + "---\n}\n")

    assert len(result.documents) == 1


@pytest.mark.parametrize("code", ["rt3", "ÄÖ", "RT03,RT04"])
def test_code_is_checked_as_in_a_document(code: str) -> None:
    """What a Waiver document would be refused for, the comment is."""
    (document,) = found(after(RETRY, "attempts: 4", WAIVE.replace("RT03", code))).documents
    with pytest.raises(InvalidDocumentError, match="two capital letters and two digits"):
        read(document)
