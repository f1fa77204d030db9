"""Path templates against a plain model: sort them all, take the first that fits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc_agent.bundle import PathTree

Entry = tuple[tuple[str, ...], str]


def find(entries: list[Entry], method: str, path: str) -> str | None:
    """What a tree of ``entries`` finds; items are named after their entry."""
    tree: PathTree[str] = PathTree()
    for methods, template in entries:
        tree.add(methods, template, f"{' '.join(methods)} {template}".strip())
    return tree.find(method, path)


@pytest.mark.conformance("match-path")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/scores/top", "/scores/top"),
        ("/scores/7", "/scores/{id}"),
        ("/scores/7/history", "/scores/**"),
        ("/scores", "/scores/**"),
        ("/scores/", "/scores/**"),
        ("/scores/top?limit=3", "/scores/top"),
        ("/scores/t%6Fp", "/scores/top"),
        ("/scores/a%2Fb", "/scores/{id}"),
        ("/Scores/top", "/**"),
        ("/", "/**"),
    ],
)
def test_literal_before_parameter_before_rest(path: str, expected: str) -> None:
    """The most specific template answers, whatever the order of the entries."""
    templates = ["/**", "/scores/**", "/scores/{id}", "/scores/top"]

    assert find([((), template) for template in templates], "GET", path) == expected


@pytest.mark.conformance("match-path")
def test_the_method_decides_among_equal_paths() -> None:
    """An operation that names the method comes before one that takes them all."""
    entries: list[Entry] = [((), "/a"), (("GET", "HEAD"), "/a")]

    assert find(entries, "get", "/a") == "GET HEAD /a"
    assert find(entries, "POST", "/a") == "/a"


def test_a_path_whose_method_does_not_fit_is_searched_on() -> None:
    """A literal for another method does not hide the parameter that fits."""
    entries: list[Entry] = [(("GET",), "/a/top"), (("DELETE",), "/a/{id}"), ((), "/**")]

    assert find(entries, "DELETE", "/a/top") == "DELETE /a/{id}"
    assert find(entries, "PUT", "/a/top") == "/**"


def test_the_first_of_two_equal_matches_stays() -> None:
    """Order decides where nothing else does."""
    tree: PathTree[str] = PathTree()
    tree.add(("GET",), "/a/{x}", "first")
    tree.add(("GET",), "/a/{y}", "second")

    assert tree.find("GET", "/a/1") == "first"


def test_nothing_fits() -> None:
    """A request outside of all templates is nobody's."""
    assert find([(("GET",), "/a")], "GET", "/b") is None


SEGMENT = st.sampled_from(["a", "b", "{p}"])
TEMPLATE = st.tuples(st.lists(SEGMENT, max_size=3), st.booleans()).map(
    lambda parts: "/" + "/".join([*parts[0], *(["**"] if parts[1] else [])])
)
METHODS = st.sampled_from([(), ("GET",), ("POST",), ("GET", "POST")])


def model(entries: list[Entry], method: str, path: str) -> str | None:
    """The rule, read literally."""
    segments = path.split("/")[1:]
    fitting = [
        (order(template), not methods, index, f"{' '.join(methods)} {template}".strip())
        for index, (methods, template) in enumerate(entries)
        if fits(template.split("/")[1:], segments) and (not methods or method in methods)
    ]
    return min(fitting)[3] if fitting else None


def order(template: str) -> list[int]:
    """Literal 0, parameter 1, rest 2, segment by segment."""
    kinds = {"{p}": 1, "**": 2}
    return [kinds.get(segment, 0) for segment in template.split("/")[1:]]


def fits(template: list[str], segments: list[str]) -> bool:
    """Whether a path is in a template."""
    if template[-1] == "**":
        head = template[:-1]
        return len(segments) >= len(head) and fits([*head], segments[: len(head)]) if head else True
    return len(template) == len(segments) and all(
        part == segment or (part == "{p}" and segment != "")
        for part, segment in zip(template, segments, strict=True)
    )


@settings(max_examples=100)
@given(
    st.lists(st.tuples(METHODS, TEMPLATE), max_size=6),
    st.sampled_from(["GET", "POST", "PUT"]),
    st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=1, max_size=4),
)
def test_the_tree_agrees_with_the_rule(
    entries: list[Entry], method: str, segments: list[str]
) -> None:
    """For any templates and request, the tree finds what sorting all of them would."""
    path = "/" + "/".join(segments)

    assert find(entries, method, path) == model(entries, method, path)
