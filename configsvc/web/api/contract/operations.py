"""Operations: one route and method each, declared beside the function that serves it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Final

from flask import Blueprint, Response

from configsvc.web.api.contract.parameters import Header, Query, check_queries
from configsvc.web.api.incoming import principal

JSON: Final = "application/json"

View = Callable[..., Response]

_PATH_NUMBERS: Final = frozenset({"revision"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: what it says, the name of the shape of its body (None: no body), its headers."""

    says: str
    shape: str | None
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: the name of its shape, and in which forms it may be written."""

    shape: str
    content_types: tuple[str, ...] = (JSON,)


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the contract.

    Args:
        method: of HTTP.
        path: with its parameters in braces.
        name: unique among all operations.
        says: in one sentence.
        answers: successes by status.
        body: what it takes.
        queries: every query that it takes; others are refused.
        headers: request headers that it reads.
        problems: codes of the refusals that are its own; those of every route are understood.
        public: whether it needs no token.
    """

    method: str
    path: str
    name: str
    says: str
    answers: Mapping[int, Answer]
    body: Body | None = None
    queries: tuple[Query, ...] = ()
    headers: tuple[Header, ...] = ()
    problems: tuple[str, ...] = ()
    public: bool = False

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """The names in braces, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))


class Routes:
    """Routes of one family, as Flask serves them and as the contract lists them."""

    def __init__(self, name: str) -> None:
        self.blueprint = Blueprint(name, __name__)
        self.operations: list[Operation] = []

    def add(
        self,
        method: str,
        path: str,
        answers: Mapping[int, Answer],
        *,
        body: Body | None = None,
        queries: tuple[Query, ...] = (),
        headers: tuple[Header, ...] = (),
        problems: tuple[str, ...] = (),
        public: bool = False,
    ) -> Callable[[View], View]:
        """Declare what the decorated function serves; arguments as for `Operation`.

        Its name and the first line of its docstring go into the contract. It is called for
        requests with a valid token alone, unless `public`, and without unknown queries.
        """

        def register(view: View) -> View:
            says = (view.__doc__ or "").partition("\n")[0]
            operation = Operation(
                method=method,
                path=path,
                name=view.__name__,
                says=says,
                answers=answers,
                body=body,
                queries=queries,
                headers=headers,
                problems=problems,
                public=public,
            )
            self.operations.append(operation)
            name = f"{view.__name__}_{len(self.operations)}"
            self.blueprint.add_url_rule(
                _rule(path), name, _guarded(view, operation), methods=[method]
            )
            return view

        return register


def _rule(path: str) -> str:
    """The path as Flask writes it."""

    def parameter(match: re.Match[str]) -> str:
        converter = "revision:" if match[1] in _PATH_NUMBERS else ""
        return f"<{converter}{match[1]}>"

    return re.sub(r"{(\w+)}", parameter, path)


def _guarded(view: View, operation: Operation) -> View:
    @wraps(view)
    def guarded(**path: str) -> Response:
        if not operation.public:
            principal()
        check_queries(operation.queries)
        return view(**path)

    return guarded
