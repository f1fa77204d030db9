"""Paths by templates: what is read from one can be written by another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc_agent.bundle import missing_parameters, read_path, write_path

SEGMENTS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#%{}"))
FILLED = SEGMENTS.filter(bool)


@given(FILLED, FILLED, st.lists(SEGMENTS, min_size=1))
def test_what_is_read_is_written_again(one: str, two: str, rest: list[str]) -> None:
    """Whatever the segments are."""
    path = "/".join(("/players", one, "scores", two, *rest))
    found = read_path("/players/{player}/scores/{score}/**", path)
    assert found is not None
    assert write_path("/players/{player}/scores/{score}/**", found) == path
    assert write_path("/{score}/of/{player}", found) == f"/{two}/of/{one}"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/scores/{id}", "/scores"),
        ("/scores/{id}", "/scores/"),
        ("/scores/{id}", "/scores/7/more"),
        ("/scores/{id}", "/players/7"),
        ("/scores/{id}/**", "/scores"),
    ],
)
def test_path_of_another_template_is_none(template: str, path: str) -> None:
    """A parameter is one segment that is not empty."""
    assert read_path(template, path) is None


def test_encoding_stays_as_it_came() -> None:
    """A slash inside of a segment does not become one between two."""
    found = read_path("/scores/{id}", "/scor%65s/a%2Fb")
    assert found == {"{id}": ("a%2Fb",)}
    assert write_path("/old scores/{id}", found) == "/old%20scores/a%2Fb"


def test_rest_may_be_empty() -> None:
    """Then nothing is written for it."""
    found = read_path("/scores/**", "/scores")
    assert found == {"**": ()}
    assert write_path("/archive/**", found) == "/archive"


def test_what_is_lacking_is_named() -> None:
    """As the template spells it."""
    assert missing_parameters("/{season}/{id}/**", {"{id}": ("7",)}) == ("{season}", "**")
