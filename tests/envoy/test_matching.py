"""Templates as Envoy matches them: by the quickest way that means the same."""

import re

import pytest

from configsvc.envoy.matching import fraction, path_match, path_rewrite
from configsvc.model.routing import Rewrite, RouteMatch
from configsvc.resolve.matching import PathTemplate


@pytest.mark.parametrize(
    ("template", "match"),
    [
        ("/items", {"path": "/items"}),
        ("/items/**", {"path_separated_prefix": "/items"}),
        ("/**", {"prefix": "/"}),
        ("/items/{id}", {"safe_regex": {"regex": "/items/[^/]+"}}),
        ("/a.b/{id}/**", {"safe_regex": {"regex": "/a\\.b/[^/]+(?:/.*)?"}}),
    ],
)
def test_a_template_becomes_a_match(template: str, match: dict[str, object]) -> None:
    """Literals need no expression, and special characters stand for themselves."""
    assert path_match(PathTemplate.parse(template)) == match


@pytest.mark.parametrize(
    ("match", "rewrite", "sent", "seen"),
    [
        (RouteMatch(prefix="/shop"), Rewrite(prefix="/"), "/shop/a", "/a"),
        (RouteMatch(prefix="/shop"), Rewrite(prefix="/"), "/shop", "/"),
        (RouteMatch(prefix="/shop"), Rewrite(prefix="/v2"), "/shop/a", "/v2/a"),
        (RouteMatch(prefix="/"), Rewrite(prefix="/v2"), "/a", "/v2/a"),
        (RouteMatch(path="/a/{x}"), Rewrite(path="/b/{x}/c"), "/a/1", "/b/1/c"),
        (RouteMatch(path="/a/**"), Rewrite(path="/b/**"), "/a/1/2", "/b/1/2"),
        (RouteMatch(prefix="/a"), Rewrite(path="/fixed"), "/a/1", "/fixed"),
    ],
)
def test_a_rewrite_is_an_expression_over_the_whole_path(
    match: RouteMatch, rewrite: Rewrite, sent: str, seen: str
) -> None:
    """What the callee sees of what the client sent."""
    rule = path_rewrite(match, rewrite)
    assert rule is not None
    assert re.sub(rule["pattern"]["regex"], rule["substitution"], sent) == seen


def test_shares_rise_to_the_whole() -> None:
    """The last destination takes whatever is left."""
    part = fraction(1, 3, "k")
    assert part is not None
    assert part["default_value"] == {"numerator": 333_333, "denominator": "MILLION"}
    assert fraction(3, 3, "k") is None
