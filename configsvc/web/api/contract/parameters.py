"""Queries and headers that routes take: declared once, for reading them and for the contract."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from flask import request

from configsvc.web.api.errors import MalformedRequestError

MAX_NUMBER: Final = 2**48 - 1
"""The largest revision that is taken: far beyond any, and exact in every reader of JSON."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter; subclasses read and describe its values."""

    name: str
    says: str

    @property
    def required(self) -> bool:
        """Whether a request without it is refused."""
        return False

    @property
    def repeated(self) -> bool:
        """Whether it may be given more than once."""
        return False

    def shape(self) -> dict[str, Any]:
        """The JSON Schema of its values."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Flag(Query):
    """A query that is ``true`` or ``false``; absent is false."""

    def shape(self) -> dict[str, Any]:
        """See `Query`."""
        return {"type": "string", "enum": ["true", "false"], "default": "false"}

    def read(self) -> bool:
        """The value in this request; raises `MalformedRequestError`."""
        value = request.args.get(self.name, "false")
        if value not in {"true", "false"}:
            raise MalformedRequestError(f"query {self.name} is {value[:40]!r}: write true or false")
        return value == "true"


@dataclass(frozen=True, slots=True)
class Number(Query):
    """A query that is a whole number from `low` to `high`; needed unless `optional`."""

    low: int = 0
    high: int = MAX_NUMBER
    optional: bool = True
    default: int | None = None

    @property
    def required(self) -> bool:
        """See `Query`."""
        return not self.optional

    def shape(self) -> dict[str, Any]:
        """See `Query`."""
        shape: dict[str, Any] = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return shape if self.default is None else {**shape, "default": self.default}

    def read(self) -> int | None:
        """The value in this request, else the default; raises `MalformedRequestError`."""
        text = request.args.get(self.name)
        if text is None and self.optional:
            return self.default
        if (
            text is None
            or not re.fullmatch("[0-9]{1,15}", text)
            or not self.low <= int(text) <= self.high
        ):
            seen = "missing" if text is None else repr(text[:40])
            raise MalformedRequestError(
                f"query {self.name} is {seen}: write a whole number from {self.low} to {self.high}"
            )
        return int(text)

    def need(self) -> int:
        """As `read`, where there is a default or the query is needed."""
        value = self.read()
        if value is None:
            raise TypeError(f"query {self.name} has no default")
        return value


@dataclass(frozen=True, slots=True)
class Text(Query):
    """A query that is text of at most `longest` characters, which `pattern` matches whole."""

    pattern: str | None = None
    longest: int = 200
    many: bool = False

    @property
    def repeated(self) -> bool:
        """See `Query`."""
        return self.many

    def shape(self) -> dict[str, Any]:
        """See `Query`."""
        shape: dict[str, Any] = {"type": "string", "maxLength": self.longest}
        return {**shape, "pattern": f"^{self.pattern}$"} if self.pattern else shape

    def read(self) -> str | None:
        """The value in this request, None if it is absent; raises `MalformedRequestError`."""
        values = self.read_all()
        return values[0] if values else None

    def read_all(self) -> list[str]:
        """Every value in this request; raises `MalformedRequestError`."""
        values = request.args.getlist(self.name)
        for value in values:
            if len(value) > self.longest or not re.fullmatch(self.pattern or "(?s).*", value):
                raise MalformedRequestError(
                    f"query {self.name} is {value[:40]!r}, which is not what it takes: {self.says}"
                )
        return values


@dataclass(frozen=True, slots=True)
class Choice(Query):
    """A query that is one of some texts."""

    values: tuple[str, ...]

    def shape(self) -> dict[str, Any]:
        """See `Query`."""
        return {"type": "string", "enum": list(self.values)}

    def read(self) -> str | None:
        """The value in this request, None if it is absent; raises `MalformedRequestError`."""
        value = request.args.get(self.name)
        if value is not None and value not in self.values:
            raise MalformedRequestError(
                f"query {self.name} is {value[:40]!r}: use one of {', '.join(self.values)}"
            )
        return value


@dataclass(frozen=True, slots=True)
class Header:
    """A request header."""

    name: str
    says: str


def check_queries(known: Collection[Query]) -> None:
    """Do nothing if the request has no other queries, and each once unless it may be repeated.

    A misspelt ``dryrun=true`` must not publish.

    Raises:
        MalformedRequestError: it has.
    """
    names = {query.name: query for query in known}
    for name, values in request.args.lists():
        if name not in names:
            allowed = f"use {', '.join(names)}" if names else "this route takes none"
            raise MalformedRequestError(f"unknown query {name[:40]!r}: {allowed}")
        if len(values) > 1 and not names[name].repeated:
            raise MalformedRequestError(f"query {name} is given {len(values)} times: give it once")
