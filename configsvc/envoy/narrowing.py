"""Which of a route's requests reach which operation of its destination, as the client sends them.

An operation matches what the destination sees, Envoy what the client sent: a rewrite stands
between the two. Templates have no regular expressions, so the way back is exact.
"""

from itertools import zip_longest

from configsvc.model.routing import Rewrite, RouteMatch
from configsvc.model.services import Match
from configsvc.resolve.matching import PathTemplate, Requests, requests_of


def accepted(match: RouteMatch) -> Requests:
    """Every request of a route."""
    return Requests(match.methods, route_path(match))


def route_path(match: RouteMatch) -> PathTemplate:
    """The paths of a route before its rewrite."""
    if match.path is not None:
        return PathTemplate.parse(match.path)
    return PathTemplate.parse_prefix(match.prefix or "/")


def narrowed(match: RouteMatch, rewrite: Rewrite | None, operation: Match) -> Requests | None:
    """The requests of a route that become those of an operation; None if there are none."""
    wanted = requests_of(operation)
    methods = _common(match.methods, wanted.methods)
    path = _before(match, rewrite or Rewrite(), wanted.path)
    return None if methods is None or path is None else Requests(methods, path)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    """Methods in both sets, of which an empty one has all; None if there are none."""
    if not one or not other:
        return one or other
    return tuple(method for method in one if method in other) or None


def _before(match: RouteMatch, rewrite: Rewrite, wanted: PathTemplate) -> PathTemplate | None:
    """The paths of a route that the rewrite turns into wanted ones."""
    path = route_path(match)
    if rewrite.path is not None:
        return _before_template(match.path, path, rewrite.path, wanted)
    if rewrite.prefix is None or match.prefix is None:
        return met(path, wanted)
    replaced = PathTemplate.parse_prefix(rewrite.prefix)
    found = met(replaced, wanted)
    if found is None:
        return None
    return PathTemplate(path.segments + found.segments[len(replaced.segments) :], found.rest)


def _before_template(
    text: str | None, path: PathTemplate, rewritten: str, wanted: PathTemplate
) -> PathTemplate | None:
    """As `_before`, for a whole path whose parameters come from the route's own template."""
    after = PathTemplate.parse(rewritten)
    found = met(after, wanted)
    if found is None or text is None:
        return None if found is None else path
    values = {
        name: value
        for name, value in zip(_segments(rewritten), found.segments, strict=False)
        if name.startswith("{") and value is not None
    }
    segments = tuple(values.get(each, _literal(each)) for each in _segments(text))
    if not (path.rest and after.rest):
        return PathTemplate(segments, path.rest)
    return PathTemplate(segments + found.segments[len(after.segments) :], found.rest)


def _segments(text: str) -> list[str]:
    """The segments of a template as written, without a last ``**``."""
    parts = text.removeprefix("/").split("/")
    return parts[:-1] if parts[-1] == "**" else parts


def _literal(text: str) -> str | None:
    return None if text.startswith("{") else text


def met(one: PathTemplate, other: PathTemplate) -> PathTemplate | None:
    """The paths that are in both templates; None if there are none."""
    if not one.intersects(other):
        return None
    pairs = zip_longest(one.segments, other.segments)
    segments = tuple(right if left is None else left for left, right in pairs)
    return PathTemplate(segments, one.rest and other.rest)
