"""Which requests an operation or a route takes: templates, where they meet, and who is asked first.

A template is a path of segments: a literal, a parameter (``{id}``: one segment that is not empty),
or a last ``/**`` (any rest, none included). There are no regular expressions, so whether two
templates meet is decided exactly.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from configsvc.model.routing import Rewrite, Route, RouteMatch
from configsvc.model.services import Match, Operation

_REST = "**"
_GRPC_METHODS = ("POST",)

_Rank = tuple[int, str]
_LITERAL, _PARAMETER, _TAIL = range(3)


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A parsed template. A parameter is a segment None; ``rest`` says that ``/**`` follows."""

    segments: tuple[str | None, ...]
    rest: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``/scores/{id}`` or ``/assets/**``; the leading slash may be missing."""
        parts = text.removeprefix("/").split("/")
        rest = parts[-1] == _REST
        return cls(tuple(_segment(part) for part in (parts[:-1] if rest else parts)), rest)

    @classmethod
    def parse_prefix(cls, text: str) -> Self:
        """Read a prefix: ``/api`` takes ``/api`` and everything below it, not ``/apis``."""
        inner = text.strip("/")
        return cls(tuple(_segment(part) for part in inner.split("/")) if inner else (), rest=True)

    def intersects(self, other: Self) -> bool:
        """Whether some path is in both templates."""
        shorter, longer = sorted((self, other), key=lambda template: len(template.segments))
        pairs = zip(shorter.segments, longer.segments, strict=False)
        if not all(_segments_meet(one, two) for one, two in pairs):
            return False
        return shorter.rest or len(shorter.segments) == len(longer.segments)

    @property
    def order(self) -> tuple[_Rank, ...]:
        """Sorts templates as they are tried: literal before parameter before ``/**``."""
        ranks = tuple((_PARAMETER, "") if s is None else (_LITERAL, s) for s in self.segments)
        return (*ranks, (_TAIL, "")) if self.rest else ranks


EVERYTHING = PathTemplate((), rest=True)
"""The template ``/**``."""


def _segment(text: str) -> str | None:
    return None if text.startswith("{") and text.endswith("}") else text


def _segments_meet(one: str | None, two: str | None) -> bool:
    if one is None or two is None:
        return one != "" and two != ""
    return one == two


@dataclass(frozen=True, slots=True)
class Requests:
    """A set of requests: methods (empty: all of them) and a template."""

    methods: tuple[str, ...]
    path: PathTemplate

    def intersects(self, other: Self) -> bool:
        """Whether some request is in both sets."""
        if self.methods and other.methods and not set(self.methods) & set(other.methods):
            return False
        return self.path.intersects(other.path)


@lru_cache(maxsize=1 << 16)
def requests_of(match: Match) -> Requests:
    """The requests of an operation; a gRPC method is a POST to ``/package.Service/Method``."""
    if match.grpc is not None:
        return Requests(_GRPC_METHODS, PathTemplate.parse(match.grpc))
    path = EVERYTHING if match.path is None else PathTemplate.parse(match.path)
    return Requests(match.methods, path)


def rewritten(match: RouteMatch, rewrite: Rewrite | None) -> Requests:
    """The requests of a route as its destination sees them."""
    return Requests(match.methods, _rewritten_path(match, rewrite or Rewrite()))


def _rewritten_path(match: RouteMatch, rewrite: Rewrite) -> PathTemplate:
    if rewrite.path is not None:
        return PathTemplate.parse(rewrite.path)
    if match.path is not None:
        return PathTemplate.parse(match.path)
    return PathTemplate.parse_prefix(rewrite.prefix or match.prefix or "/")


_Order = tuple[bool, tuple[_Rank, ...], bool, str]


def operation_order(operation: Operation) -> _Order:
    """Sorts a callee's operations as a request tries them; those without a match come last."""
    if operation.match is None:
        return (True, (), True, operation.name)
    requests = requests_of(operation.match)
    return (False, requests.path.order, not requests.methods, operation.name)


def route_order(name: str, route: Route) -> tuple[int, tuple[_Rank, ...], bool, int, str]:
    """Sorts a gateway's routes as a request tries them: by priority, then the narrower first."""
    path = _rewritten_path(route.match, Rewrite())
    unbound = not route.match.methods
    return (-route.priority, path.order, unbound, -len(route.match.headers), name)
