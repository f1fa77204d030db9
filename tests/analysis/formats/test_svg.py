"""Pictures of time budgets: well-formed, to scale, and readable without eyes."""

from xml.etree import ElementTree as ET

from configsvc.analysis.formats.svg import described, draw
from configsvc.analysis.timeline import Timeline, timeline
from configsvc.model.findings import EdgeId
from tests.analysis.documents import catalog_of
from tests.simulate.systems import BREAKER, EDGE, RETRY, TIMEOUT, edge_catalog

SVG = "{http://www.w3.org/2000/svg}"
TIGHT = "Timeout: {target: {to: stock}, attempt: 200ms, overall: 350ms}"


def picture(*policies: str) -> Timeline:
    """The picture of the one edge under these policies."""
    return timeline(edge_catalog(*policies), EDGE)


def bars(drawing: str, css: str) -> list[tuple[float, float]]:
    """Where bars of a kind begin, and how long they are."""
    root = ET.fromstring(drawing)  # noqa: S314 - our own drawing
    return [
        (float(each.attrib["x"]), float(each.attrib["width"]))
        for each in root.iter(f"{SVG}rect")
        if each.attrib["class"] == css
    ]


def test_equal_attempts_are_equally_long_and_in_order() -> None:
    """Three attempts of one limit: the same width, each further right."""
    found = bars(draw(picture(TIMEOUT, RETRY)), "whole")

    assert len(found) == 3
    assert [place for place, _ in found] == sorted(place for place, _ in found)
    assert max(width for _, width in found) - min(width for _, width in found) <= 0.2


def test_dead_attempt_is_drawn_apart() -> None:
    """One that cannot start has an outline of its own."""
    drawing = draw(picture(TIGHT, RETRY))

    assert len(bars(drawing, "cut")) == 1
    assert len(bars(drawing, "dead")) == 1


def test_picture_is_told_in_words() -> None:
    """Title and description say what the bars show, with numbers."""
    found = picture(TIGHT, RETRY, BREAKER)

    assert described(found).startswith(
        "While the callee hangs: 3 attempts of 200ms within 350ms; 1 attempt cannot start."
    )
    root = ET.fromstring(draw(found))  # noqa: S314 - our own drawing
    assert root.find(f"{SVG}title").text == "Time budget of shop -> stock reserve"
    assert root.find(f"{SVG}desc").text == described(found)


def test_edge_without_any_limit_has_a_picture() -> None:
    """It says that there is no overall limit."""
    assert "no overall limit" in draw(picture())


def test_what_does_not_fit_ends_in_an_arrow() -> None:
    """A breaker that stays open for minutes does not squeeze the attempts."""
    drawing = draw(picture(TIMEOUT, BREAKER.replace("5s", "10m")))

    root = ET.fromstring(drawing)  # noqa: S314 - our own drawing
    assert [each.attrib["class"] for each in root.iter(f"{SVG}path")] == ["side", "open"]


def test_same_edge_gives_the_same_bytes() -> None:
    """Committed pictures change with what they show alone."""
    text = """
kind: Service
metadata: {name: a}
spec: {operations: [{name: x, calls: [{to: b}]}]}
---
kind: Service
metadata: {name: b}
spec: {}
"""
    edge = EdgeId("a", "b", "*")

    assert draw(timeline(catalog_of(text), edge)) == draw(timeline(catalog_of(text), edge))
