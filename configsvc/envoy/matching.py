"""Requests as Envoy matches them, and paths as it rewrites them."""

from collections.abc import Iterable
from itertools import count

from configsvc.envoy.messages import Tree
from configsvc.model.routing import Rewrite, RouteMatch
from configsvc.resolve.matching import PathTemplate, Requests

_SPECIAL = frozenset("\\.+*?()|[]{}^$")
_SEGMENT = "[^/]+"
_MILLION = 1_000_000


def route_match(
    requests: Requests, headers: Iterable[Tree] = (), fraction: Tree | None = None
) -> Tree:
    """Match requests, further headers, and a part of what is left."""
    matchers = [*method_headers(requests.methods), *headers]
    match = path_match(requests.path)
    if matchers:
        match["headers"] = matchers
    if fraction is not None:
        match["runtime_fraction"] = fraction
    return match


def path_match(path: PathTemplate) -> Tree:
    """Match a template, by the quickest of Envoy's ways that means the same."""
    segments = [segment for segment in path.segments if segment is not None]
    literal = "/" + "/".join(segments)
    if len(segments) < len(path.segments):
        return {"safe_regex": {"regex": _regex(path)}}
    if not path.rest:
        return {"path": literal}
    if not segments:
        return {"prefix": "/"}
    if segments[-1] == "":
        return {"safe_regex": {"regex": _regex(path)}}
    return {"path_separated_prefix": literal}


def method_headers(methods: tuple[str, ...]) -> list[Tree]:
    """Match methods; none are all of them."""
    if not methods:
        return []
    if len(methods) == 1:
        return [exact_header(":method", methods[0])]
    alternatives = "|".join(_escaped(method) for method in methods)
    return [{"name": ":method", "string_match": {"safe_regex": {"regex": alternatives}}}]


def exact_header(name: str, value: str) -> Tree:
    """Match a header of one value."""
    return {"name": name, "string_match": {"exact": value}}


def fraction(upto: int, total: int, key: str) -> Tree | None:
    """Match the first ``upto`` of ``total`` parts; None is everything.

    Envoy draws once for a request, so that routes with rising shares divide it among them.
    """
    if upto >= total:
        return None
    numerator = upto * _MILLION // total
    value = {"numerator": numerator, "denominator": "MILLION"}
    return {"default_value": value, "runtime_key": key}


def path_rewrite(match: RouteMatch, rewrite: Rewrite | None) -> Tree | None:
    """How the path of a route's requests is rewritten; None: not at all."""
    if rewrite is None or (rewrite.path is None and rewrite.prefix is None):
        return None
    pattern, substitution = (
        _path_rule(match, rewrite.path)
        if rewrite.path is not None
        else _prefix_rule(match.prefix or "/", rewrite.prefix or "/")
    )
    return {"pattern": {"regex": pattern}, "substitution": substitution}


def _prefix_rule(prefix: str, replacement: str) -> tuple[str, str]:
    base, target = (each.strip("/") for each in (prefix, replacement))
    start = f"/{_escaped(base)}" if base else ""
    if not target:
        return f"^{start}(?:/(.*))?$", "/\\1"
    return f"^{start}(/.*)?$", f"/{target}\\1"


def _path_rule(match: RouteMatch, path: str) -> tuple[str, str]:
    """A pattern with a group for each parameter, and the new path with the groups in it."""
    if match.path is None:
        return "^.*$", path
    number = count(1)
    groups: dict[str, str] = {}
    pattern = ""
    for segment in match.path.removeprefix("/").split("/"):
        if segment == "**" or segment.startswith("{"):
            groups[segment] = f"\\{next(number)}"
        pattern += {"**": "(?:/(.*))?"}.get(segment) or f"/{_group(segment)}"
    substitution = "".join(f"/{groups.get(s, s)}" for s in path.removeprefix("/").split("/"))
    return f"^{pattern}$", substitution.replace("**", "")


def _group(segment: str) -> str:
    return f"({_SEGMENT})" if segment.startswith("{") else _escaped(segment)


def _regex(path: PathTemplate) -> str:
    parts = (_SEGMENT if segment is None else _escaped(segment) for segment in path.segments)
    return "".join(f"/{part}" for part in parts) + ("(?:/.*)?" if path.rest else "")


def _escaped(text: str) -> str:
    """``text`` as a regular expression of RE2 that matches it alone."""
    return "".join(f"\\{each}" if each in _SPECIAL else each for each in text)
