"""References and templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.bff import InvalidReferenceError, Reference, Template
from configsvc.bff.references import MISSING, MissingValueError, Values

VALUES = Values(
    path={"id": "7"},
    query={"page": "2"},
    header={"accept-language": "de"},
    answers={"player": {"a/b": [{"~": 1}], "flag": True, "none": None}, "list": [3]},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("path.id", "7"),
        ("query.page", "2"),
        ("header.Accept-Language", "de"),
        ("player#/a~1b/0/~0", 1),
        ("list#/0", 3),
        ("list#", [3]),
        ("list", [3]),
        ("player#/flag", True),
        ("path.other", MISSING),
        ("player#/x/y", MISSING),
        ("list#/1", MISSING),
        ("list#/-1", MISSING),
        ("other", MISSING),
    ],
)
def test_a_reference_leads_to(text: str, value: object) -> None:
    """Parts of the request, and values inside answers (RFC 6901)."""
    assert Reference.parse(text).resolve(VALUES) == value


@pytest.mark.parametrize("text", ["", "path.", "body.x", "player#x", "#/x", "a.b"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """With what would be one."""
    with pytest.raises(InvalidReferenceError, match=r"write path\.NAME"):
        Reference.parse(text)


def test_values_are_written_as_json_writes_them() -> None:
    """Numbers and truth values too; what is none of these is missing."""
    template = Template.parse("/{path.id}/{player#/flag}/{list#/0}")
    assert template.render(VALUES) == "/7/true/3"
    for text in ("{player}", "{player#/none}", "{query.x}"):
        with pytest.raises(MissingValueError, match="has no value"):
            Template.parse(text).render(VALUES)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_encoded_value_stays_one_segment(text: str) -> None:
    """Whatever a front end sends."""
    values = Values({"id": text}, {}, {}, {})
    rendered = Template.parse("/a/{path.id}/b").render(values, safe="")
    first, start, segment, end = rendered.split("/")
    assert (first, start, end) == ("", "a", "b")
    assert segment not in {".", ".."}
    assert not set(segment) & set("?#&")
