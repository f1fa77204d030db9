"""Path templates."""

import pytest

from configsvc.schema.path_templates import parameters, shape
from tests.schema.builders import refused


def is_template(path: str) -> bool:
    """Whether a Service accepts the template."""
    return not refused("Service", {"operations": [{"name": "a", "match": {"path": path}}]})


@pytest.mark.parametrize(
    "path",
    ["/", "/a", "/a/", "/a/b", "/{id}", "/a/{id}/b", "/**", "/a/**", "/{id}/**", "/a.b/c:d/~e",
     "/%20", "/a@b/c=d;e,f"],
)  # fmt: skip
def test_what_is_a_template(path: str) -> None:
    """Literals, whole segments of parameters, and the rest at the end."""
    assert is_template(path)


@pytest.mark.parametrize(
    "path",
    ["", "a", "//", "/a//b", "/**/a", "/a/*", "/a**", "/{}", "/{a-b}", "/{1a}", "/x{id}", "/{id}x",
     "/{id", "/a b", "/a?b", "/a#b", "/ä", "/a\n", "/**/", "/[a-z]+", "/(a|b)*"],
)  # fmt: skip
def test_what_is_no_template(path: str) -> None:
    """Never a regular expression, and nothing that two readers take differently."""
    assert not is_template(path)


def test_parameters_and_shape() -> None:
    """Two templates of one shape match the same paths."""
    assert parameters("/a/{x}/b/{y_2}/**") == ["x", "y_2"]
    assert shape("/a/{x}/b/{y_2}/**") == "/a/{}/b/{}/**"
