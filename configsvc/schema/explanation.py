"""Why a document is not what its schema says: jsonschema explains.

There is one problem for each value that is wrong. Only documents that were refused come here, so
this may take its time.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from configsvc.model.names import Kind
from configsvc.schema import limits
from configsvc.schema.errors import Problem, child, shown
from configsvc.schema.files import json_schema, resolved
from configsvc.schema.hints import elsewhere, nearest, quantity
from configsvc.schema.quantities import PARSERS
from configsvc.schema.values import Json

_LISTED = 12
"""Names that a message lists before it says that there are more."""

_FIRST = ("type", "const", "enum", "required", "pattern")
"""Of several things wrong with one value, the one named first here is told."""

_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_UNITS = {"Length": "characters", "Items": "items", "Properties": "fields"}


@dataclass(frozen=True, slots=True)
class _Failure:
    """One keyword of a schema that a value does not satisfy.

    ``schema`` is the part of the schema that has the keyword, ``demanded`` the keyword's value.
    ``is_key``: the value is the name of a member of what ``pointer`` leads to.
    """

    pointer: str
    value: Json
    keyword: str
    demanded: Json
    schema: Mapping[str, Json]
    message: str
    is_key: bool

    @property
    def seen(self) -> str:
        """The value as messages quote it; what may be a secret is not repeated."""
        return "this" if self.schema.get("x-configsvc-redacted") else shown(self.value)

    @property
    def type(self) -> str:
        return str(self.schema.get("x-configsvc-type", ""))

    @property
    def expects(self) -> str | None:
        return self.schema.get("x-configsvc-expects")

    def problem(
        self, message: str, *, allowed: Iterable[object] = (), hint: str | None = None
    ) -> Problem:
        return Problem(self.pointer, message, self.seen, tuple(map(str, allowed)), hint)


def explain(kind: Kind, value: Json) -> list[Problem]:
    """What is wrong with ``value`` as a document of ``kind``; never empty."""
    found: dict[tuple[str, str | None], Problem] = {}
    errors = islice(_validator(kind).iter_errors(value), limits.ERRORS)
    for failure in sorted(map(_failure, errors), key=_rank):
        for name, problem in _problems(kind, failure):
            found.setdefault((problem.pointer, name), problem)
    unexplained = Problem("", f"not a valid {kind}: compare it with the schema of {kind}")
    return list(found.values()) or [unexplained]


@cache
def _validator(kind: Kind) -> Json:
    return _Checker(json_schema(kind))


def _pattern(
    _validator: Json, pattern: str, instance: Json, _schema: Json
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Checker: Json = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """ECMA-262's ``$`` is the end of the text alone; Python's also precedes a last line break."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def _failure(error: ValidationError) -> _Failure:
    pointer = ""
    for part in error.absolute_path:
        pointer = child(pointer, part)
    raw: Json = error
    is_key = "propertyNames" in error.absolute_schema_path
    return _Failure(
        pointer, raw.instance, raw.validator, raw.validator_value, raw.schema, error.message, is_key
    )


def _rank(failure: _Failure) -> int:
    return _FIRST.index(failure.keyword) if failure.keyword in _FIRST else len(_FIRST)


def _problems(kind: Kind, failure: _Failure) -> Iterator[tuple[str | None, Problem]]:
    """The problems in one failure, each with the name of a field that is missing or unknown."""
    if failure.is_key:
        yield None, _bad_key(failure)
    elif failure.keyword == "additionalProperties":
        yield from _unknown_fields(kind, failure)
    elif failure.keyword == "required":
        yield from _missing_fields(kind, failure)
    elif failure.type in PARSERS:
        yield None, _no_quantity(failure)
    else:
        yield None, _EXPLAINERS.get(failure.keyword, _other)(failure)


def _bad_key(failure: _Failure) -> Problem:
    message = f"{failure.seen} is not {failure.expects or 'a key that is allowed here'}"
    return Problem(child(failure.pointer, failure.value), message, failure.seen)


def _unknown_fields(kind: Kind, failure: _Failure) -> Iterator[tuple[str, Problem]]:
    known = tuple(failure.schema.get("properties", ()))
    for name in failure.value:
        if name not in known:
            yield name, _unknown_field(kind, failure, name, known)


def _unknown_field(kind: Kind, failure: _Failure, name: str, known: tuple[str, ...]) -> Problem:
    secret = failure.schema.get("x-configsvc-secret")
    close = None if secret else nearest(name, known)
    other = None if secret or close else elsewhere(kind, name)
    if secret:
        advice = secret
    elif close:
        advice = f"did you mean {close!r}?"
    elif other:
        advice = f"it belongs to {other}"
    else:
        advice = f"known here are {_listed(known)}"
    message = f"unknown field {shown(name)}: {advice}"
    return Problem(child(failure.pointer, name), message, shown(name), known, close or other)


def _missing_fields(kind: Kind, failure: _Failure) -> Iterator[tuple[str, Problem]]:
    for name in failure.demanded:
        if name not in failure.value:
            part = failure.schema.get("properties", {}).get(name, {})
            said = resolved(part, json_schema(kind)).get("description", "").split(". ")[0]
            meaning = f" ({said[0].lower()}{said[1:].rstrip('.')})" if said else ""
            message = f"field {name!r} is missing{meaning}: add it"
            yield name, Problem(failure.pointer, message, allowed=(name,))


def _no_quantity(failure: _Failure) -> Problem:
    noun, advice, meant = quantity(failure.type, failure.value)
    lift = ", or 'none'" if failure.schema.get("x-configsvc-none") and not meant else ""
    return failure.problem(f"{failure.seen} is not {noun}: {advice}{lift}", hint=meant)


def _wrong_type(failure: _Failure) -> Problem:
    types = failure.demanded if isinstance(failure.demanded, list) else [failure.demanded]
    expects = failure.expects or " or ".join(_TYPES[name] for name in types)
    if ": " not in expects:
        expects += (
            ": leave the field out, or write a value" if failure.value is None else ": write one"
        )
    return failure.problem(f"{failure.seen} is not {expects}", allowed=types)


def _unexpected(failure: _Failure) -> Problem:
    return failure.problem(
        f"{failure.seen} is not {failure.expects or f'text that matches {failure.demanded}'}"
    )


def _not_listed(failure: _Failure) -> Problem:
    allowed = tuple(map(str, failure.demanded if failure.keyword == "enum" else [failure.demanded]))
    close = nearest(failure.value, allowed) if isinstance(failure.value, str) else None
    advice = f"did you mean {close!r}?" if close and len(allowed) > 1 else f"use {_listed(allowed)}"
    return failure.problem(
        f"{failure.seen} is not allowed here: {advice}", allowed=allowed, hint=close
    )


def _out_of_range(failure: _Failure) -> Problem:
    bounds = failure.schema["minimum"], failure.schema["maximum"]
    side = "less" if failure.keyword == "minimum" else "more"
    message = f"{failure.seen} is {side} than allowed: use {bounds[0]} to {bounds[1]}"
    return failure.problem(message, allowed=bounds)


def _wrong_length(failure: _Failure) -> Problem:
    unit = _UNITS[failure.keyword[3:]]
    side = "at least" if failure.keyword.startswith("min") else "at most"
    limit = f"{side} {failure.demanded}"
    message = f"{failure.seen} has {len(failure.value)} {unit}: write {limit}"
    return failure.problem(message, allowed=[limit])


def _repeated(failure: _Failure) -> Problem:
    items = failure.value
    twice = next(item for index, item in enumerate(items) if item in items[:index])
    return failure.problem(f"{shown(twice)} is listed twice: keep one")


def _together(failure: _Failure) -> Problem:
    names = failure.demanded["required"]
    return failure.problem(f"{_quoted(names)} exclude each other: keep one", allowed=names)


def _one_of(failure: _Failure) -> Problem:
    names = [branch["required"][0] for branch in failure.demanded]
    if isinstance(failure.value, dict) and any(name in failure.value for name in names):
        return failure.problem(f"{_quoted(names)} exclude each other: keep one", allowed=names)
    number = "one" if failure.keyword == "oneOf" else "at least one"
    return failure.problem(
        f"{' and '.join(map(repr, names))} are missing: add {number} of them", allowed=names
    )


def _needs(failure: _Failure) -> Problem:
    name, needed = next(
        (name, other)
        for name, others in failure.demanded.items()
        for other in others
        if name in failure.value and other not in failure.value
    )
    message = f"{name!r} needs {needed!r} beside it: add it"
    return Problem(child(failure.pointer, name), message, shown(failure.value[name]), (needed,))


def _other(failure: _Failure) -> Problem:
    return failure.problem(failure.message[:200])


_EXPLAINERS: Mapping[str, Callable[[_Failure], Problem]] = {
    "type": _wrong_type,
    "pattern": _unexpected,
    "enum": _not_listed,
    "const": _not_listed,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minLength": _wrong_length,
    "maxLength": _wrong_length,
    "minItems": _wrong_length,
    "maxItems": _wrong_length,
    "minProperties": _wrong_length,
    "maxProperties": _wrong_length,
    "uniqueItems": _repeated,
    "not": _together,
    "anyOf": _one_of,
    "oneOf": _one_of,
    "dependentRequired": _needs,
}


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names[:-1])) + f" and {names[-1]!r}"
